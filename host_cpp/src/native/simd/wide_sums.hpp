// Sums wider than 32 bits, kept as two tiles of 32-bit integers.
//
// For the total T of what was added so far, modulo 2^48:
//   low  = T mod 2^32
//   high = floor(T / 2^16)
// Let `estimate` be an integer with -2^15 <= T / 2^16 - estimate < 2^15. Then T - estimate * 2^16
// fits 32 bits, and
//   high = estimate + ((low - (estimate << 16)) >> 16)                                          (1)
// exactly, in wrapping 32-bit arithmetic. What serves as an estimate differs; docs/performance.md
// shows why each is near enough.

namespace xfblas {
namespace {

inline Vector refined(Vector low, Vector estimate) {
  return add(estimate, shift_right(subtract(low, shift_left(estimate, 16)), 16));
}

inline Vector start_of(const int32_t* high, bool is_first) {
  return is_first ? zero() : load(high);
}

// The last block was proved to have added less than 2^31 - 2^16, and the old total was less than
// 2^16 above its `high` * 2^16: the old value is the estimate.
void refine_spilled(int rows, int vectors, const int32_t* low, int32_t* high, bool is_first) {
  for (int i = 0; i < rows; ++i, low += tile_stride, high += tile_stride)
    for (int j = 0; j < vectors * lanes; j += lanes)
      store(high + j, refined(load(low + j), start_of(high + j, is_first)));
}

// products: of A's high words with B, in units of 2^8.
void refine_split(int rows, int vectors, const int32_t* low, const int32_t* products, int32_t* high,
                  bool is_first) {
  for (int i = 0; i < rows; ++i, low += tile_stride, high += tile_stride, products += tile_stride)
    for (int j = 0; j < vectors * lanes; j += lanes) {
      const auto block = shift_right(load(products + j), 8);
      store(high + j, refined(load(low + j), add(start_of(high + j, is_first), block)));
    }
}

// The product of high bytes was added to `high`, of A's with 128 added. What a column has besides
// is the difference of its offsets.
void refine_estimated(int rows, int vectors, const int32_t* low, const int32_t* before,
                      const int32_t* behind, int32_t* high) {
  for (int j = 0; j < vectors * lanes; j += lanes) {
    const auto offset = subtract(load(behind + j), load(before + j));
    for (int i = 0; i < rows; ++i) {
      const int at = i * tile_stride + j;
      store(high + at, refined(load(low + at), add(load(high + at), offset)));
    }
  }
}

}  // namespace
}  // namespace xfblas
