#include "native/tile_permission.hpp"

#include <cstring>

#if defined(__x86_64__) && defined(__linux__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace xfblas {
namespace {

// A product whose every element is known, so that what a hypervisor or an emulator gets wrong is not
// used: sums of i + 1 times j - 7 over 64 of k, in both tiles.
bool multiplies_right(const TileKernels& kernels) {
  alignas(64) int8_t a[2 * tile_rows * tile_depth], b[tile_bytes];
  int8_t columns[tile_depth * tile_columns];
  for (int i = 0; i < 2 * tile_rows; ++i) std::memset(a + i * tile_depth, i + 1, tile_depth);
  for (int p = 0; p < tile_depth; ++p)
    for (int j = 0; j < tile_columns; ++j) columns[p * tile_columns + j] = int8_t(j - 7);
  kernels.pack8(columns, tile_columns, tile_depth, tile_columns, b);
  TileOperands o{};
  o.a = a, o.a_stride = tile_depth, o.b = b, o.a_planes = o.b_planes = 1, o.steps = 1;
  TileSums sums;
  kernels.begin();
  kernels.multiply(o, 2, 1, sums);
  kernels.end();
  for (int i = 0; i < 2 * tile_rows; ++i)
    for (int j = 0; j < tile_columns; ++j)
      if (sums.low[i / tile_rows][i % tile_rows * tile_columns + j] != tile_depth * (i + 1) * (j - 7))
        return false;
  return true;
}

std::string reason([[maybe_unused]] const Kernels* amx) {
#ifdef XFBLAS_TILE_TWIN
  return multiplies_right(*amx->tiles) ? "" : "the twin gave a wrong product";
#elif defined(__x86_64__) && defined(__linux__)
  constexpr unsigned has_tiles = 1u << 24, has_int8 = 1u << 25, has_xsave = 1u << 27;
  constexpr uint64_t states = 3u << 17;  // shapes and data
  constexpr int request_permission = 0x1023, tile_data = 18;
  if (!amx) return "this build has no code for AMX";
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || (d & has_tiles) == 0 || (d & has_int8) == 0)
    return "this CPU has no AMX for int8, or what runs this system hides it";
  if (!__get_cpuid(1, &a, &b, &c, &d) || (c & has_xsave) == 0)
    return "the system does not save the registers of AMX";
  uint32_t low = 0, high = 0;
  asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  if ((low & states) != states) return "the system does not save the registers of AMX";
  if (syscall(SYS_arch_prctl, request_permission, tile_data) != 0)
    return "the system does not permit this process the data of AMX (Linux 5.16 does)";
  if (!multiplies_right(*amx->tiles)) return "AMX gave a wrong product here";
  return "";
#else
  return "AMX is of x86-64 on Linux";
#endif
}

}  // namespace

const std::string& why_without_tiles(const Kernels* amx) {
  static const std::string found = reason(amx);
  return found;
}

}  // namespace xfblas
