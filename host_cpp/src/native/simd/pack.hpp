// Packing: B into panels, A into rows that the tiles can read.

namespace xfblas {
namespace {

// Lane j: byte j of each of four rows, the first lowest.
inline Vector four_bytes(const Vector (&rows)[4]) {
  const Vector low = set(0xff);
  auto joined = both_bits(rows[0], low);
  for (int i = 1; i < 4; ++i)
    joined = either_bits(joined, shift_left(both_bits(rows[i], low), 8 * i));
  return joined;
}

// Adds the sum of four vectors to what is at `sums`.
inline void add_to(int32_t* sums, const Vector (&values)[4]) {
  store(sums, add(load(sums), add(add(values[0], values[1]), add(values[2], values[3]))));
}

// Calls take(row of pointers, columns from the first, how many) for each vector of each group of
// `depth` rows; rows behind the last are zeros.
template <int depth, typename Element, typename Take>
void for_each_vector(const Element* b, int64_t ldb, int64_t k, int columns, const Take& take) {
  static const Element zeros[most_vectors * lanes] = {};
  for (int64_t p = 0; p < k; p += depth) {
    const Element* rows[depth];
    for (int i = 0; i < depth; ++i) rows[i] = p + i < k ? b + (p + i) * ldb : zeros;
    for (int j = 0; j < columns; j += lanes) {
      const Element* at[depth];
      for (int i = 0; i < depth; ++i) at[i] = rows[i] + j;
      take(at, std::min(lanes, columns - j), p);
    }
  }
}

template <typename Element>
void pack_pairs(const Element* b, int64_t ldb, int64_t k, int columns, int16_t* to) {
  for_each_vector<2>(b, ldb, k, columns, [&](const Element* const(&rows)[2], int count, int64_t) {
    Vector pair;
    if constexpr (sizeof(Element) == 2) {
      pair = count == lanes ? interleave(rows[0], rows[1])
                            : either_bits(both_bits(load_part(rows[0], count), set(0xffff)),
                                          shift_left(load_part(rows[1], count), 16));
    } else {
      pair = either_bits(both_bits(load_part(rows[0], count), set(0xffff)),
                         shift_left(load_part(rows[1], count), 16));
    }
    store(to, pair);
    to += 2 * lanes;
  });
}

// column_sums: of the bytes, one row of the panel's width for each `block` of k.
void pack_quads8(const int8_t* b, int64_t ldb, int64_t k, int columns, int64_t block, int8_t* to,
                 int32_t* column_sums) {
  int column = 0;
  for_each_vector<4>(b, ldb, k, columns, [&](const int8_t* const(&rows)[4], int count, int64_t p) {
    Vector bytes[4];
    for (int i = 0; i < 4; ++i) bytes[i] = load_part(rows[i], count);
    store(to, four_bytes(bytes));
    to += 4 * lanes;
    add_to(column_sums + p / block * tile_stride + column, bytes);
    column = column + lanes < columns ? column + lanes : 0;
  });
}

// The bytes nearest to the elements' high ones, and the sums of both.
void pack_high_quads(const int16_t* b, int64_t ldb, int64_t k, int columns, int64_t block,
                     int8_t* to, int32_t* high_sums, int32_t* sums) {
  int column = 0;
  for_each_vector<4>(b, ldb, k, columns, [&](const int16_t* const(&rows)[4], int count, int64_t p) {
    Vector elements[4], bytes[4];
    for (int i = 0; i < 4; ++i) {
      elements[i] = load_part(rows[i], count);
      bytes[i] = smaller(shift_right(add(elements[i], set(128)), 8), set(127));
    }
    store(to, four_bytes(bytes));
    to += 4 * lanes;
    const auto at = p / block * tile_stride + column;
    add_to(high_sums + at, bytes), add_to(sums + at, elements);
    column = column + lanes < columns ? column + lanes : 0;
  });
}

void widen_row(const int8_t* row, int64_t count, int16_t* to) {
  for (int64_t i = 0; i < count; ++i) to[i] = row[i];
}
// int8 as uint8 with 128 added, as the quads' instruction takes its first operand.
void offset_row(const int8_t* row, int64_t count, uint8_t* to) {
  constexpr int64_t chunk = 32;
  const auto offset = [&](int64_t first) {
    uint8_t bytes[chunk];
    std::memcpy(bytes, row + first, chunk);
    for (auto& byte : bytes) byte ^= 0x80;
    std::memcpy(to + first, bytes, chunk);
  };
  if (count < chunk) {
    for (int64_t i = 0; i < count; ++i) to[i] = uint8_t(row[i]) ^ 0x80;
    return;
  }
  for (int64_t i = 0; i + chunk <= count; i += chunk) offset(i);
  // What is left, with a part of the last chunk again.
  offset(count - chunk);
}
void high_words(const int16_t* row, int64_t count, int16_t* to) {
  for (int64_t i = 0; i < count; ++i) to[i] = int16_t((row[i] + 128) >> 8);
}
void high_bytes(const int16_t* row, int64_t count, uint8_t* to) {
  for (int64_t i = 0; i < count; ++i) to[i] = uint8_t(uint16_t(row[i]) >> 8) ^ 0x80;
}

template <typename Element>
uint32_t dot_row(const Element* a, const Element* b, int64_t count) {
  uint32_t sum = 0;
  for (int64_t i = 0; i < count; ++i) sum += uint32_t(int32_t(a[i]) * b[i]);
  return sum;
}

}  // namespace
}  // namespace xfblas
