#include "native/native.hpp"

#include <string>

#include "native/blas.hpp"
#include "native/engine.hpp"
#include "native/forward.hpp"
#include "native/statistics.hpp"
#include "native/thread_pool.hpp"
#include "text_field.hpp"
#include "xfblas/instruction.hpp"

namespace xfblas {

NativeTarget::NativeTarget(const Image& image, const Configuration& configuration, Engine engine,
                           const std::vector<KernelInstance>& compute_units,
                           const DeviceName& device)
    : MemoryTarget(image, compute_units, device), configuration_(configuration), engine_(engine) {
  for (uint32_t unit = 0; unit < compute_units.size(); ++unit)
    caches_.emplace_back(memory(unit).data());
}

void NativeTarget::reserve(uint32_t compute_unit, uint64_t bytes) {
  MemoryTarget::reserve(compute_unit, bytes);
  caches_[compute_unit].move_to(memory(compute_unit).data());
}

void NativeTarget::write(uint32_t compute_unit, uint64_t offset, const void* from,
                         const Rows& rows) {
  if (offset >= first_matrix_page * page_bytes)
    caches_[compute_unit].invalidate(offset, rows.device_bytes());
  MemoryTarget::write(compute_unit, offset, from, rows);
}

void NativeTarget::read(uint32_t compute_unit, uint64_t offset, void* to, const Rows& rows) {
  caches_[compute_unit].restore(offset, rows.device_bytes());
  MemoryTarget::read(compute_unit, offset, to, rows);
}

bool NativeTarget::keep(uint32_t compute_unit, const DeviceMatrix& matrix, const HostMatrix& from) {
  const auto element = int(configuration_.element_bytes());
  if (configuration_.data_type == DataType::float32 || from.element_bytes != element) return false;
  // Padding belongs to the B of programs and models, but not to what the caller has.
  if (from.rows % configuration_.k_padding() || from.columns % configuration_.n_padding())
    return false;
  const SourceOfB b{from.data, from.leading_dimension, element};
  caches_[compute_unit].keep({uint64_t(matrix.page) * page_bytes, matrix.bytes, from.rows,
                              from.columns, matrix.leading_dimension},
                             b);
  return true;
}

void NativeTarget::forget(uint32_t compute_unit, const DeviceMatrix& matrix) {
  caches_[compute_unit].forget(uint64_t(matrix.page) * page_bytes, matrix.bytes);
}

void NativeTarget::run(uint32_t compute_unit) {
  const auto& there = memory(compute_unit);
  run_native(there.data(), uint32_t(there.reserved() / page_bytes), engine_, configuration_,
             caches_[compute_unit]);
}

bool NativeTarget::multiply(uint32_t compute_unit, const HostProduct& product) {
  run_host_product(memory(compute_unit).data(), configuration_, product, caches_[compute_unit]);
  return true;
}

bool NativeTarget::forward(uint32_t compute_unit, const ForwardPass& pass) {
  if (configuration_.data_type == DataType::float32) return false;
  run_forward(memory(compute_unit).data(), configuration_, pass, caches_[compute_unit]);
  return true;
}

xfblasNative_t describe_native() {
  xfblasNative_t native{};
  copy_text(native.isa, kernels().name);
  std::string all;
  for (const auto* found : kernels_of_this_cpu())
    all += (all.empty() ? "" : " ") + std::string(found->name);
  copy_text(native.isas, all);
  copy_text(native.blas, blas_path());
  native.threads = unsigned(ThreadPool::shared().threads());
  const auto& statistics = Statistics::shared();
  native.lowBits = statistics.blocks(SumPath::low_bits);
  native.proved = statistics.blocks(SumPath::proved);
  native.spilled = statistics.blocks(SumPath::spilled);
  native.estimated = statistics.blocks(SumPath::estimated);
  native.split = statistics.blocks(SumPath::split);
  native.tiles = statistics.blocks(SumPath::tiles);
  native.winograd = statistics.blocks(SumPath::winograd);
  copy_text(native.withoutTiles, why_without_amx());
  return native;
}

}  // namespace xfblas
