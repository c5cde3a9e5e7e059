// Products of bytes on tiles, over the registers of tile_registers.hpp or of its twin.

namespace xfblas {
namespace {

inline void begin_tiles() {
  TileShapes shapes;
  for (int tile = 0; tile < 8; ++tile)
    shapes.rows[tile] = tile_rows, shapes.bytes_of_row[tile] = tile_depth;
  shape_tiles(shapes);
}

// Rows of k lie four and four side by side in the rows of a tile, a byte each, `shift` bits above
// the lowest of an element.
template <typename Element>
void pack_plane(const Element* b, int64_t ldb, int64_t k, int columns, int shift,
                ptrdiff_t from_step_to_step, int8_t* to) {
  const auto byte = set(0xff);
  for (int64_t p = 0; p < (k + tile_depth - 1) / tile_depth * tile_depth; p += 4) {
    auto* row = to + p / tile_depth * from_step_to_step + p % tile_depth / 4 * 64;
    for (int j = 0; j < tile_columns; j += lanes) {
      auto word = zero();
      const int count = std::min(lanes, columns - j);
      for (int q = 0; q < 4 && p + q < k && count > 0; ++q) {
        const auto* from = b + (p + q) * ldb + j;
        const auto elements = count == lanes ? load_lanes(from) : load_part(from, count);
        const auto bytes = both_bits(shift_right(elements, shift), byte);
        word = either_bits(word, shift_left(bytes, 8 * q));
      }
      store(row + 4 * j, word);
    }
  }
}

inline void pack_tiles8(const int8_t* b, int64_t ldb, int64_t k, int columns, int8_t* to) {
  pack_plane(b, ldb, k, columns, 0, tile_bytes, to);
}

inline void pack_tiles16(const int16_t* b, int64_t ldb, int64_t k, int columns, int planes,
                         int8_t* to) {
  const auto step = planes * tile_bytes;
  pack_plane(b, ldb, k, columns, 8 * (planes - 1), step, to);
  if (planes == 2) pack_plane(b, ldb, k, columns, 0, step, to + tile_bytes);
}

inline void split_tile_row(const int16_t* row, int64_t count, int8_t* high, int8_t* low) {
  const auto whole = (count + tile_depth - 1) / tile_depth * tile_depth;
  for (int64_t i = 0; i < count; ++i) high[i] = int8_t(row[i] >> 8);
  for (int64_t i = 0; i < count; ++i) low[i] = int8_t(row[i] & 0xff);
  std::memset(high + count, 0, size_t(whole - count));
  std::memset(low + count, 0, size_t(whole - count));
}

// Registers 0 to 5 hold sums: of each kind those of all columns, of each column those of all rows.
// Register 6 is for A and 7 for B.
template <int row_tiles, int column_tiles, int a_planes, int b_planes, bool has_upper>
struct TileProduct {
  static constexpr int tiles = row_tiles * column_tiles;
  static constexpr bool has_middle = a_planes + b_planes > 2;
  static constexpr bool has_high = a_planes + b_planes == 4 && has_upper;
  static_assert(tiles * (1 + has_middle + has_high) <= 6, "sums take six registers at most");

  static constexpr int first_low = 0, first_middle = tiles, first_high = 2 * tiles;

  // Every register, by a template's number.
  template <int at, int end, typename Action>
  static void each(Action action) {
    if constexpr (at < end) {
      action(std::integral_constant<int, at>());
      each<at + 1, end>(action);
    }
  }

  // A tile of A by one of B. A plane has a sign if it is the high one, or the only one.
  template <int row, int column, int a_plane, int b_plane>
  static void add_product() {
    constexpr int first = a_plane + b_plane == a_planes + b_planes - 2 ? first_low
                          : a_planes + b_planes - 2 - a_plane - b_plane == 1 ? first_middle
                                                                            : first_high;
    multiply_tiles<first + column * row_tiles + row, 6, 7, a_plane == 0, b_plane == 0>();
  }

  // All rows with the tile of B in its register.
  template <int column, int b_plane>
  static void add_rows(const TileOperands& o, const int8_t* a) {
    each<0, row_tiles>([&](auto row) {
      each<0, a_planes>([&](auto plane) {
        constexpr bool is_high = a_planes + b_planes == 4 && plane + b_plane == 0;
        if constexpr (!is_high || has_upper) {
          load_tile<6>(a + row * tile_rows * o.a_stride + plane * o.a_plane, o.a_stride);
          add_product<row, column, plane, b_plane>();
        }
      });
    });
  }

  static void run(const TileOperands& o, TileSums& sums) {
    each<0, tiles*(1 + has_middle + has_high)>([](auto sum) { zero_tile<sum>(); });
    const auto* b = o.b;
    for (int64_t run = 0; run < o.runs; ++run) {
      const auto* a = o.a + run * o.run_stride;
      for (int64_t step = 0; step < o.steps; ++step, a += tile_depth, b += b_planes * tile_bytes)
        each<0, column_tiles>([&](auto column) {
          each<0, b_planes>([&](auto plane) {
            load_tile<7>(b + column * o.b_column + plane * tile_bytes, tile_depth);
            add_rows<column, plane>(o, a);
          });
        });
    }
    each<0, tiles>([&](auto tile) {
      store_tile<first_low + tile>(sums.low[tile], tile_depth);
      if constexpr (has_middle) store_tile<first_middle + tile>(sums.middle[tile], tile_depth);
      if constexpr (has_high) store_tile<first_high + tile>(sums.high[tile], tile_depth);
    });
  }
};

template <int row_tiles>
void multiply_row_tiles(const TileOperands& o, int column_tiles, TileSums& sums) {
  switch (10 * o.a_planes + o.b_planes) {
    case 11:
      return column_tiles == 2 ? TileProduct<row_tiles, 2, 1, 1, true>::run(o, sums)
                               : TileProduct<row_tiles, 1, 1, 1, true>::run(o, sums);
    case 12: return TileProduct<row_tiles, 1, 1, 2, true>::run(o, sums);
    case 21: return TileProduct<row_tiles, 1, 2, 1, true>::run(o, sums);
    default:
      return o.has_upper ? TileProduct<row_tiles, 1, 2, 2, true>::run(o, sums)
                         : TileProduct<row_tiles, 1, 2, 2, false>::run(o, sums);
  }
}

inline void multiply_tile_blocks(const TileOperands& o, int row_tiles, int column_tiles,
                                 TileSums& sums) {
  if (row_tiles == 2) multiply_row_tiles<2>(o, column_tiles, sums);
  else multiply_row_tiles<1>(o, column_tiles, sums);
}

// A row of `a_planes` by 16 columns of `b_planes`. A product of bytes has one operand with a sign
// and one without: where both have one, or neither, the sign bit of B's is turned, which adds 128 to
// it or takes that off, and so 128 times the sum of A, for all columns alike.
template <int a_planes, int b_planes, bool has_upper>
struct RowProduct {
  static constexpr int planes = a_planes + b_planes, pairs = a_planes * b_planes;
  static constexpr int chains = 8 / pairs;  // as many products are under way as hide their latency
  static constexpr int groups = tile_depth / 4;

  static bool is_turned(int a_plane, int b_plane) { return (a_plane == 0) == (b_plane == 0); }

  // The sum of a plane of the row.
  static int32_t sum_of_row(const TileOperands& o, const int8_t* a, bool has_sign) {
    auto sums = zero();
    const auto ones = set(0x01010101);
    for (int64_t run = 0; run < o.runs; ++run)
      for (int64_t p = 0; p < o.steps * tile_depth; p += 4 * lanes) {
        const auto bytes = load(a + run * o.run_stride + p);
        if (has_sign) dot_quads(sums, ones, bytes);
        else dot_quads(sums, bytes, ones);
      }
    uint32_t lanes_of_sums[lanes], sum = 0;
    store(lanes_of_sums, sums);
    for (const auto lane : lanes_of_sums) sum += lane;
    return int32_t(sum);
  }

  static void run(const TileOperands& o, TileSums& sums) {
    int32_t offsets[2];  // of what is turned, for each plane of A
    for (int plane = 0; plane < a_planes; ++plane)
      offsets[plane] = int32_t(uint32_t(sum_of_row(o, o.a + plane * o.a_plane, plane == 0)) *
                               uint32_t(plane == 0 ? -128 : 128));
    for (int j = 0; j < tile_columns; j += lanes) run_columns(o, j, offsets, sums);
  }

  // clang-format off
  static void run_columns(const TileOperands& o, int j, const int32_t* offsets, TileSums& sums) {
    const auto turn = set(int32_t(0x80808080));
    Vector found[pairs][chains];
    for (auto& of_pair : found)
      for (auto& sum : of_pair) sum = zero();
    const auto* b = o.b + 4 * j;
    for (int64_t run = 0; run < o.runs; ++run) {
      const auto* a = o.a + run * o.run_stride;
      for (int64_t step = 0; step < o.steps; ++step, a += tile_depth, b += b_planes * tile_bytes)
        for (int group = 0; group < groups; group += chains)
          _Pragma("GCC unroll 8") for (int chain = 0; chain < chains; ++chain) {
            const int at = group + chain;
            _Pragma("GCC unroll 4") for (int pair = 0; pair < pairs; ++pair) {
              const int a_plane = pair / b_planes, b_plane = pair % b_planes;
              if (pairs == 4 && pair == 0 && !has_upper) continue;
              const auto of_a = broadcast(a + a_plane * o.a_plane + 4 * at);
              auto of_b = load(b + b_plane * tile_bytes + 64 * at);
              if (is_turned(a_plane, b_plane)) of_b = unlike_bits(of_b, turn);
              if (a_plane == 0) dot_quads(found[pair][chain], of_b, of_a);
              else dot_quads(found[pair][chain], of_a, of_b);
            }
          }
    }
    // clang-format on
    Vector by_weight[3] = {zero(), zero(), zero()};
    for (int pair = 0; pair < pairs; ++pair) {
      const int a_plane = pair / b_planes, b_plane = pair % b_planes;
      auto& sum = by_weight[planes - 2 - a_plane - b_plane];
      for (const auto& part : found[pair]) sum = add(sum, part);
      if (is_turned(a_plane, b_plane)) sum = add(sum, set(offsets[a_plane]));
    }
    store(sums.low[0] + j, by_weight[0]);
    store(sums.middle[0] + j, by_weight[1]);
    store(sums.high[0] + j, by_weight[2]);
  }
};

inline void multiply_tile_row(const TileOperands& o, TileSums& sums) {
  switch (10 * o.a_planes + o.b_planes) {
    case 11: return RowProduct<1, 1, true>::run(o, sums);
    case 12: return RowProduct<1, 2, true>::run(o, sums);
    case 21: return RowProduct<2, 1, true>::run(o, sums);
    default:
      return o.has_upper ? RowProduct<2, 2, true>::run(o, sums)
                         : RowProduct<2, 2, false>::run(o, sums);
  }
}

inline void join_sums(const SumsOfBytes& sums, int rows, bool is_first, int32_t* to_low,
                      int32_t* to_high, ptrdiff_t stride) {
  const auto half = set(0xffff);
  for (int row = 0; row < rows; ++row, to_low += stride) {
    for (int j = 0; j < tile_columns; j += lanes) {
      auto low = low_bits_of(sums, row, j);
      if (to_high) {
        auto high = wide_sum_of(sums, row, j).high;
        if (!is_first) {
          const auto halves = add(both_bits(load(to_low + j), half), both_bits(low, half));
          high = add(add(high, load(to_high + j)), shift_right_unsigned(halves, 16));
        }
        store(to_high + j, high);
      }
      if (!is_first) low = add(low, load(to_low + j));
      store(to_low + j, low);
    }
    if (to_high) to_high += stride;
  }
}

constexpr TileKernels tile_kernels{begin_tiles,
                                   release_tiles,
                                   pack_tiles8,
                                   pack_tiles16,
                                   split_tile_row,
                                   multiply_tile_blocks,
                                   multiply_tile_row,
                                   join_sums,
                                   finish_of<SumsOfBytes>,
                                   store_sums};

}  // namespace
}  // namespace xfblas
