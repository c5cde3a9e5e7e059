// The native engine's parts as the tests call them: every instruction set, every way of adding up.
#include <cstdint>
#include <cstring>
#include <exception>

#include "native/kernels.hpp"
#include "native/multiply.hpp"
#include "native/near_scales.hpp"
#include "native/panels.hpp"

using namespace xfblas;

namespace {

const Kernels* find(const char* name) {
  for (const auto* kernels : kernels_of_this_cpu())
    if (std::strcmp(kernels->name, name) == 0) return kernels;
  return nullptr;
}

}  // namespace

extern "C" {

// The name of the instruction set at this place of those that run here, or null behind the last.
const char* isa_name(int index) {
  const auto found = kernels_of_this_cpu();
  return index < int(found.size()) ? found[size_t(index)]->name : nullptr;
}

bool has_quads(const char* isa) { return find(isa)->has_quads; }

bool has_tiles(const char* isa) { return find(isa)->tiles != nullptr; }

int width_of_panel(const char* isa) { return find(isa)->width(); }

struct Arrays {
  const void *a, *b, *x;
  void* c;
  int64_t lda, ldb, ldx, ldc;
};

// One product with an instruction's words; path -1 takes the cheapest. counts: of each path.
int run_product(const char* isa, int path, int element_bytes, const Arrays* arrays,
                const Instruction* instruction, uint64_t* counts) try {
  const auto* kernels = find(isa);
  const auto& i = *instruction;
  IntegerProduct product{i.m,
                         i.k,
                         i.n,
                         {arrays->a, arrays->lda, element_bytes},
                         arrays->x,
                         arrays->ldx,
                         i.opcode == opcode_fcn ? 4 : element_bytes,
                         arrays->c,
                         arrays->ldc,
                         Requantization(i)};
  if (path >= 0) product.path = SumPath(path);
  static thread_local ThreadSpace space;
  Panels panels;
  panels.pack(*kernels, {arrays->b, arrays->ldb, element_bytes}, i.k, 0, i.n, true);
  PathCounts found{};
  multiply(*kernels, product, panels, 0, i.m, 0, space, found);
  for (size_t p = 0; p < found.size(); ++p) counts[p] = found[p];
  return 0;
} catch (const std::exception&) {
  return 1;
}

// Conversions between floats and elements of 2 bytes, by an instruction set's own code.
// Returns whether the row is worth a look.
bool encode_row(const char* isa, const float* from, int64_t features, const double* scales,
                const double* offsets, double limit, double base, int16_t* high, int16_t* low) {
  const InputCoding coding{uint64_t(features), scales, offsets, limit, base, nullptr};
  return find(isa)->encode16(from, coding, NearScales(coding).coding(), high, low);
}
void decode_rows(const char* isa, const int16_t* from, int64_t rows, int64_t columns,
                 const float* scales, int64_t windows, int64_t offset, float slope, int softmax,
                 float* to) {
  const OutputCoding coding{uint64_t(columns), scales, uint64_t(windows), offset, slope,
                            softmax != 0};
  std::vector<float> space(find(isa)->decode_space(coding));
  find(isa)->decode16(from, columns * windows, rows, coding, space.data(), to);
}
}
