// The inner loop: a tile of sums that stays in registers while k passes by.
//
// A is read where it lies, four bytes of k at a time, which are broadcast; B comes packed, for each
// four bytes of k the columns of a panel one after the other.

namespace xfblas {
namespace {

// clang-format takes it for a statement.
// clang-format off
#define XFBLAS_UNROLL _Pragma("GCC unroll 16")

// Rows of a tile's sums are so far apart.
constexpr int tile_stride = most_vectors * lanes;

// So many steps ahead of its use B is called into the first-level cache.
constexpr int prefetch_steps = 16;

enum class Group { pairs, quads };  // of int16, or of uint8 with int8

template <Group group>
inline void dot(Vector& sum, Vector a, Vector b) {
#ifdef XFBLAS_VNNI
  if constexpr (group == Group::quads) return dot_quads(sum, a, b);
#endif
  dot_pairs(sum, a, b);
}

template <int vectors>
inline void load_row(Vector (&b)[vectors], const char* from) {
  XFBLAS_UNROLL for (int j = 0; j < vectors; ++j) b[j] = load(from + j * sizeof(Vector));
}

// sums: rows x (vectors * lanes), each row `most_vectors` vectors from the last.
template <Group group, int rows, int vectors, bool accumulate>
__attribute__((noinline)) void tile(const void* a, ptrdiff_t a_stride, Runs runs, const void* b,
                                    Lines soon, int32_t* sums) {
  constexpr ptrdiff_t b_stride = vectors * sizeof(Vector);
  Vector sum[rows][vectors];
  XFBLAS_UNROLL for (int i = 0; i < rows; ++i)
    XFBLAS_UNROLL for (int j = 0; j < vectors; ++j)
      sum[i][j] = accumulate ? load(sums + i * tile_stride + j * lanes) : zero();
  auto* run_at = static_cast<const char*>(a);
  auto* b_at = static_cast<const char*>(b);
  for (int64_t run = 0; run < runs.count; ++run, run_at += runs.stride) {
    // Three rows to a pointer: so many multiples of the stride are addresses, and more would be kept
    // in other places than registers.
    constexpr int rows_of_pointer = 3, pointers = (rows + rows_of_pointer - 1) / rows_of_pointer;
    const char* a_at[pointers];
    XFBLAS_UNROLL for (int i = 0; i < pointers; ++i)
      a_at[i] = run_at + i * rows_of_pointer * a_stride;
    for (int64_t step = runs.steps; step > 0; --step, b_at += b_stride) {
      Vector b_row[vectors];
      load_row(b_row, b_at);
      __builtin_prefetch(soon.first, 0, 2), soon.first += soon.stride;
      XFBLAS_UNROLL for (int byte = 0; byte < b_stride; byte += 64)
        __builtin_prefetch(b_at + prefetch_steps * b_stride + byte);
      XFBLAS_UNROLL for (int i = 0; i < rows; ++i) {
        const Vector a_pair =
            broadcast(a_at[i / rows_of_pointer] + i % rows_of_pointer * a_stride);
        XFBLAS_UNROLL for (int j = 0; j < vectors; ++j) dot<group>(sum[i][j], a_pair, b_row[j]);
      }
      XFBLAS_UNROLL for (int i = 0; i < pointers; ++i) a_at[i] += 4;
    }
  }
  XFBLAS_UNROLL for (int i = 0; i < rows; ++i)
    XFBLAS_UNROLL for (int j = 0; j < vectors; ++j)
      store(sums + i * tile_stride + j * lanes, sum[i][j]);
}

// One row: k is taken in four strands, since a single one would wait for each sum before the next.
// B passes in one long stream, which the CPU foresees better than prefetching from here does.
template <Group group, int vectors, bool accumulate>
__attribute__((noinline)) void single_row(const void* a, ptrdiff_t, Runs runs, const void* b, Lines,
                                          int32_t* sums) {
  constexpr int strands = 4;
  constexpr ptrdiff_t b_stride = vectors * sizeof(Vector);
  Vector sum[strands][vectors];
  XFBLAS_UNROLL for (int s = 0; s < strands; ++s)
    XFBLAS_UNROLL for (int j = 0; j < vectors; ++j)
      sum[s][j] = accumulate && s == 0 ? load(sums + j * lanes) : zero();
  auto* run_at = static_cast<const char*>(a);
  auto* b_at = static_cast<const char*>(b);
  for (int64_t run = 0; run < runs.count; ++run, run_at += runs.stride) {
    auto* a_at = run_at;
    int64_t step = 0;
    for (; step + strands <= runs.steps; step += strands) {
      XFBLAS_UNROLL for (int s = 0; s < strands; ++s) {
        Vector b_row[vectors];
        load_row(b_row, b_at + s * b_stride);
        const Vector a_pair = broadcast(a_at + 4 * s);
        XFBLAS_UNROLL for (int j = 0; j < vectors; ++j) dot<group>(sum[s][j], a_pair, b_row[j]);
      }
      a_at += 4 * strands, b_at += strands * b_stride;
    }
    for (; step < runs.steps; ++step, a_at += 4, b_at += b_stride) {
      Vector b_row[vectors];
      load_row(b_row, b_at);
      const Vector a_pair = broadcast(a_at);
      XFBLAS_UNROLL for (int j = 0; j < vectors; ++j) dot<group>(sum[0][j], a_pair, b_row[j]);
    }
  }
  XFBLAS_UNROLL for (int j = 0; j < vectors; ++j)
    store(sums + j * lanes, add(add(sum[0][j], sum[1][j]), add(sum[2][j], sum[3][j])));
}

using Tile = void (*)(const void*, ptrdiff_t, Runs, const void*, Lines, int32_t*);

template <Group group, int rows, int vectors, bool accumulate>
constexpr Tile tile_of() {
  if constexpr (rows > rows_of_tile(vectors)) return nullptr;
  else if constexpr (rows == 1) return single_row<group, vectors, accumulate>;
  else return tile<group, rows, vectors, accumulate>;
}

template <Group group, int vectors, bool accumulate, int... row>
Tile tile_for(int rows, std::integer_sequence<int, row...>) {
  static constexpr Tile tiles[] = {tile_of<group, row + 1, vectors, accumulate>()...};
  return tiles[rows - 1];
}

template <Group group, bool accumulate>
Tile tile_for(int rows, int vectors) {
  constexpr std::make_integer_sequence<int, most_rows> all_rows;
  switch (vectors) {
    case 1: return tile_for<group, 1, accumulate>(rows, all_rows);
    case 2: return tile_for<group, 2, accumulate>(rows, all_rows);
    case 3: return tile_for<group, std::min(3, most_vectors), accumulate>(rows, all_rows);
    default: return tile_for<group, most_vectors, accumulate>(rows, all_rows);
  }
}

template <Group group>
void run_tile(int rows, int vectors, const void* a, ptrdiff_t a_stride, Runs runs, const void* b,
              bool accumulate, Lines soon, int32_t* sums) {
  const auto run = accumulate ? tile_for<group, true>(rows, vectors)
                              : tile_for<group, false>(rows, vectors);
  run(a, a_stride, runs, b, soon, sums);
}

template <int vectors>
void add_rows(int rows, const int32_t* const* begins, const int32_t* offsets, int count,
              int32_t* sums) {
  for (; rows > 0; --rows, sums += tile_stride) {
    Vector sum[vectors];
    load_row(sum, reinterpret_cast<const char*>(begins[0] + *offsets++));
    for (int i = 1; i < count; ++i) {
      const auto* from = begins[i] + *offsets++;
      XFBLAS_UNROLL for (int j = 0; j < vectors; ++j) sum[j] = add(sum[j], load(from + j * lanes));
    }
    XFBLAS_UNROLL for (int j = 0; j < vectors; ++j) store(sums + j * lanes, sum[j]);
  }
}

void add_sums(int rows, int vectors, const int32_t* const* begins, const int32_t* offsets,
              int count, int32_t* sums) {
  switch (vectors) {
    case 1: return add_rows<1>(rows, begins, offsets, count, sums);
    case 2: return add_rows<2>(rows, begins, offsets, count, sums);
    case 3: return add_rows<std::min(3, most_vectors)>(rows, begins, offsets, count, sums);
    default: return add_rows<most_vectors>(rows, begins, offsets, count, sums);
  }
}

#undef XFBLAS_UNROLL
// clang-format on

}  // namespace
}  // namespace xfblas
