#include "native/kernels.hpp"

#include <cstdlib>
#include <string>

#include "error.hpp"
#include "native/tile_permission.hpp"

namespace xfblas {

// In isa/, one file each; null where this build's CPU family has none.
const Kernels* amx_kernels();
const Kernels* avx512_vnni_kernels();
const Kernels* avx512_kernels();
const Kernels* avx2_kernels();
const Kernels* portable_kernels();
const Kernels* amx_twin_kernels();

namespace {

const Kernels& choose() {
  const char* text = std::getenv("XFBLAS_ISA");
  const std::string wanted = text ? text : "";
  std::string here;
  for (const auto* kernels : kernels_of_this_cpu()) {
    if (wanted.empty() || wanted == kernels->name) return *kernels;
    here += std::string(here.empty() ? "" : ", ") + kernels->name;
  }
  const auto why = wanted == "amx" ? "; " + why_without_amx() : "";
  fail(XFBLAS_STATUS_INVALID_VALUE, "XFBLAS_ISA is ", wanted,
       ", expected one that this CPU runs: ", here, why);
}

}  // namespace

std::vector<const Kernels*> kernels_of_this_cpu() {
  std::vector<const Kernels*> found;
#ifdef __x86_64__
  __builtin_cpu_init();
  const bool has_avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                          __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  const bool has_vnni = has_avx512 && __builtin_cpu_supports("avx512vnni");
  if (has_vnni && why_without_tiles(amx_kernels()).empty()) found.push_back(amx_kernels());
  if (has_vnni) found.push_back(avx512_vnni_kernels());
  if (has_avx512) found.push_back(avx512_kernels());
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    found.push_back(avx2_kernels());
#endif
  found.push_back(portable_kernels());
  found.push_back(amx_twin_kernels());
  return found;
}

const std::string& why_without_amx() { return why_without_tiles(amx_kernels()); }

const Kernels& kernels() {
  static const Kernels& chosen = choose();
  return chosen;
}

}  // namespace xfblas
