// The calls of tile_registers.hpp in plain C++, to the bit, so that all that is built on them runs
// on every CPU. It also ends the process where the CPU would raise a fault.
#include <cstdlib>

namespace xfblas {
namespace {

struct TileShapes {
  uint8_t palette = 1, start_row = 0;
  uint16_t bytes_of_row[16] = {};
  uint8_t rows[16] = {};
};

struct TileRegisters {
  bool are_shaped = false;
  TileShapes shapes;
  uint8_t bytes[8][16][64];
};

inline TileRegisters& registers() {
  static thread_local TileRegisters of_thread;
  return of_thread;
}

inline void fault_unless(bool holds) {
  if (!holds) std::abort();
}

inline void shape_tiles(const TileShapes& shapes) {
  fault_unless(shapes.palette == 1);
  for (int tile = 0; tile < 8; ++tile)
    fault_unless(shapes.bytes_of_row[tile] <= 64 && shapes.rows[tile] <= 16);
  registers().shapes = shapes;
  registers().are_shaped = true;
  std::memset(registers().bytes, 0, sizeof registers().bytes);
}
inline void release_tiles() { registers().are_shaped = false; }

template <int tile>
inline void zero_tile() {
  fault_unless(registers().are_shaped);
  std::memset(registers().bytes[tile], 0, sizeof registers().bytes[tile]);
}
template <int tile>
inline void load_tile(const void* from, ptrdiff_t stride) {
  zero_tile<tile>();
  auto& all = registers();
  for (int row = 0; row < all.shapes.rows[tile]; ++row)
    std::memcpy(all.bytes[tile][row], static_cast<const char*>(from) + row * stride,
                all.shapes.bytes_of_row[tile]);
}
template <int tile>
inline void store_tile(void* to, ptrdiff_t stride) {
  auto& all = registers();
  fault_unless(all.are_shaped);
  for (int row = 0; row < all.shapes.rows[tile]; ++row)
    std::memcpy(static_cast<char*>(to) + row * stride, all.bytes[tile][row],
                all.shapes.bytes_of_row[tile]);
}

template <int sum, int a, int b, bool a_has_sign, bool b_has_sign>
inline void multiply_tiles() {
  static_assert(sum != a && sum != b && a != b, "a product of tiles takes three of them");
  using A = std::conditional_t<a_has_sign, int8_t, uint8_t>;
  using B = std::conditional_t<b_has_sign, int8_t, uint8_t>;
  auto& all = registers();
  const auto& shapes = all.shapes;
  fault_unless(all.are_shaped && shapes.rows[sum] == shapes.rows[a] &&
               shapes.bytes_of_row[a] == 4 * shapes.rows[b] &&
               shapes.bytes_of_row[sum] == shapes.bytes_of_row[b]);
  for (int row = 0; row < shapes.rows[sum]; ++row) {
    uint32_t sums[16];
    std::memcpy(sums, all.bytes[sum][row], sizeof sums);
    for (int step = 0; step < shapes.rows[b]; ++step)
      for (int column = 0; column < shapes.bytes_of_row[sum] / 4; ++column)
        for (int byte = 0; byte < 4; ++byte)
          sums[column] += uint32_t(int32_t(A(all.bytes[a][row][4 * step + byte])) *
                                   int32_t(B(all.bytes[b][step][4 * column + byte])));
    std::memcpy(all.bytes[sum][row], sums, sizeof sums);
  }
}

}  // namespace
}  // namespace xfblas
