#include "native/describe.hpp"

#include <string>

#include "native/blas.hpp"
#include "native/kernels.hpp"
#include "native/statistics.hpp"
#include "native/thread_pool.hpp"
#include "text_field.hpp"

namespace xfblas {
xfblasNative_t describe_native() {
  xfblasNative_t native{};
  copy_text(native.isa, kernels().name);
  std::string all;
  for (const auto* found : kernels_of_this_cpu()) all += (all.empty() ? "" : " ") + std::string(found->name);
  copy_text(native.isas, all);
  copy_text(native.blas, blas_path());
  native.threads = unsigned(ThreadPool::shared().threads());
  const auto& statistics = Statistics::shared();
  native.lowBits = statistics.blocks(SumPath::low_bits);
  native.proved = statistics.blocks(SumPath::proved);
  native.spilled = statistics.blocks(SumPath::spilled);
  native.estimated = statistics.blocks(SumPath::estimated);
  native.split = statistics.blocks(SumPath::split);
  return native;
}

}  // namespace xfblas
