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

constexpr int tile_stride = most_vectors * lanes;

inline Vector start_of(const int32_t* high, bool is_first) { return is_first ? zero() : load(high); }

// The last block was proved to have added less than 2^31 - 2^16, and the old total was less than
// 2^16 above its `high` * 2^16: the old value is the estimate.
void refine_spilled(int rows, int vectors, const int32_t* low, int32_t* high, bool is_first) {
  for (int i = 0; i < rows; ++i, low += tile_stride, high += tile_stride)
    for (int j = 0; j < vectors * lanes; j += lanes)
      store(high + j, refined(load(low + j), start_of(high + j, is_first)));
}

// products: of A's high bytes with B. A's low bytes, 0 to 255, count as 128 each.
void refine_split(int rows, int vectors, const int32_t* low, const int32_t* products,
                  const int32_t* column_sums, int32_t* high, bool is_first) {
  for (int i = 0; i < rows; ++i, low += tile_stride, high += tile_stride, products += tile_stride)
    for (int j = 0; j < vectors * lanes; j += lanes) {
      const auto half = shift_right(load(column_sums + j), 1);
      const auto block = shift_right(add(load(products + j), half), 8);
      store(high + j, refined(load(low + j), add(start_of(high + j, is_first), block)));
    }
}

// products: of the high bytes of both, A's with 128 added. Low bytes count as 127.5 each, so a
// block of `count` adds products - 128 * column + column / 2 + row / 2 + count / 4.
void refine_estimated(int rows, int vectors, const int32_t* low, const int32_t* products,
                      const int32_t* row_sums, const int32_t* column_sums, int64_t count,
                      int32_t* high, bool is_first) {
  for (int j = 0; j < vectors * lanes; j += lanes) {
    const auto sums = load(column_sums + j);
    const auto of_column = add(subtract(set(int32_t(count / 4)), shift_left(sums, 7)),
                               shift_right(sums, 1));
    for (int i = 0; i < rows; ++i) {
      const int at = i * tile_stride + j;
      const auto block = add(add(of_column, set(row_sums[i] >> 1)), load(products + at));
      store(high + at, refined(load(low + at), add(start_of(high + at, is_first), block)));
    }
  }
}

}  // namespace
}  // namespace xfblas
