#include "native/kernels.hpp"

#include <cstdlib>
#include <string>

#include "error.hpp"
#include "native/isa/tables.hpp"

namespace xfblas {
namespace {

struct Choice {
  const Kernels* kernels;
  bool runs_here;
};

// From the fastest to the one that always runs.
std::initializer_list<Choice> choices() {
#ifdef __x86_64__
  __builtin_cpu_init();
  static const bool has_avx512 = __builtin_cpu_supports("avx512f") &&
                                 __builtin_cpu_supports("avx512bw") &&
                                 __builtin_cpu_supports("avx512dq") &&
                                 __builtin_cpu_supports("avx512vl");
  static const bool has_vnni = has_avx512 && __builtin_cpu_supports("avx512vnni");
  static const bool has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#else
  constexpr bool has_avx512 = false, has_vnni = false, has_avx2 = false;
#endif
  static const std::initializer_list<Choice> all = {{avx512_vnni_kernels(), has_vnni},
                                                    {avx512_kernels(), has_avx512},
                                                    {avx2_kernels(), has_avx2},
                                                    {portable_kernels(), true}};
  return all;
}

const Kernels& choose() {
  const char* text = std::getenv("XFBLAS_ISA");
  const std::string wanted = text ? text : "";
  std::string here;
  for (const auto& [kernels, runs_here] : choices()) {
    if (!kernels || !runs_here) continue;
    if (wanted.empty() || wanted == kernels->name) return *kernels;
    here += std::string(here.empty() ? "" : ", ") + kernels->name;
  }
  fail(XFBLAS_STATUS_INVALID_VALUE, "XFBLAS_ISA is ", wanted, ", expected one that this CPU runs: ",
       here);
}

}  // namespace

const Kernels& kernels() {
  static const Kernels& chosen = choose();
  return chosen;
}

}  // namespace xfblas
