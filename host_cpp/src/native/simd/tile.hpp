// The inner loop: a tile of sums that stays in registers while k passes by.
//
// A is read where it lies, four bytes of k at a time, which are broadcast; B comes packed, for each
// four bytes of k the columns of a panel one after the other.

namespace xfblas {
namespace {

// XFBLAS_UNROLL looks like a statement.
// clang-format off

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

// Reads a number again where it lies. Compilers keep what they have no register for in one of
// vectors, from where it comes only when the vectors before it are done.
template <typename Number>
inline Number read_again(const Number& number) {
  return *static_cast<const volatile Number*>(&number);
}

// The same number, of which nothing may be kept that was computed before.
inline ptrdiff_t forgotten(ptrdiff_t number) {
  asm volatile("" : "+r"(number));
  return number;
}

// Adds the products of all runs.
template <Group group, int rows, int vectors>
__attribute__((always_inline)) inline void add_runs(Vector (&sum)[rows][vectors], const void* a,
                                                    ptrdiff_t a_stride, const Runs& runs,
                                                    const void* b, Lines soon) {
  constexpr ptrdiff_t b_stride = vectors * sizeof(Vector);
  auto* run_at = static_cast<const char*>(a);
  auto* b_at = static_cast<const char*>(b);
  for (int64_t run = runs.count; run > 0; --run, run_at += read_again(runs.stride)) {
    // Three rows to a pointer: so many multiples of the stride are addresses, and more would be kept
    // in other places than registers.
    constexpr int rows_of_pointer = 3, pointers = (rows + rows_of_pointer - 1) / rows_of_pointer;
    const char* a_at[pointers];
    const auto row_stride = forgotten(a_stride);
    XFBLAS_UNROLL for (int i = 0; i < pointers; ++i)
      a_at[i] = run_at + i * rows_of_pointer * row_stride;
    for (auto step = read_again(runs.steps); step > 0; --step, b_at += b_stride) {
      Vector b_row[vectors];
      load_row(b_row, b_at);
      __builtin_prefetch(soon.first, 0, 2), soon.first += soon.stride;
      XFBLAS_UNROLL for (int byte = 0; byte < b_stride; byte += 64)
        __builtin_prefetch(b_at + prefetch_steps * b_stride + byte);
      XFBLAS_UNROLL for (int i = 0; i < rows; ++i) {
        const Vector a_pair =
            broadcast(a_at[i / rows_of_pointer] + i % rows_of_pointer * row_stride);
        XFBLAS_UNROLL for (int j = 0; j < vectors; ++j) dot<group>(sum[i][j], a_pair, b_row[j]);
      }
      XFBLAS_UNROLL for (int i = 0; i < pointers; ++i) a_at[i] += 4;
    }
  }
}

// sums: rows x (vectors * lanes), each row `most_vectors` vectors from the last.
template <Group group, int rows, int vectors, bool accumulate>
__attribute__((noinline)) void tile(const void* a, ptrdiff_t a_stride, const Runs& runs,
                                    const void* b, Lines soon, int32_t* sums) {
  Vector sum[rows][vectors];
  XFBLAS_UNROLL for (int i = 0; i < rows; ++i)
    XFBLAS_UNROLL for (int j = 0; j < vectors; ++j)
      sum[i][j] = accumulate ? load(sums + i * tile_stride + j * lanes) : zero();
  add_runs<group>(sum, a, a_stride, runs, b, soon);
  XFBLAS_UNROLL for (int i = 0; i < rows; ++i)
    XFBLAS_UNROLL for (int j = 0; j < vectors; ++j)
      store(sums + i * tile_stride + j * lanes, sum[i][j]);
}

#ifdef XFBLAS_VNNI
// A row of C from its sums in registers.
struct Clamp {
  explicit Clamp(const ClampedTile& to) : scale(set(to.scale)), half(set_long(to.half)) {}

  __attribute__((always_inline)) void store_row(Vector (&sum)[most_vectors], int8_t* c) const {
    XFBLAS_UNROLL for (int j = 0; j < most_vectors; ++j)
      sum[j] = high_halves(add(multiply_long(sum[j], scale), half));
    store_four(c, sum);
  }

  Vector scale;
  LongLanes half;
};

// Elements of C from sums that never leave the registers.
template <int rows>
__attribute__((noinline)) void clamped_tile(const void* a, ptrdiff_t a_stride, const Runs& runs,
                                            const void* b, Lines soon, const ClampedTile& to) {
  Vector sum[rows][most_vectors], start[most_vectors];
  load_row(start, reinterpret_cast<const char*>(to.starts));
  XFBLAS_UNROLL for (int i = 0; i < rows; ++i)
    XFBLAS_UNROLL for (int j = 0; j < most_vectors; ++j) sum[i][j] = start[j];
  add_runs<Group::quads>(sum, a, a_stride, runs, b, soon);
  const Clamp clamp(to);
  XFBLAS_UNROLL for (int i = 0; i < rows; ++i) clamp.store_row(sum[i], to.c + i * to.ldc);
}

void run_clamped_tile(int rows, const void* a, ptrdiff_t a_stride, const Runs& runs, const void* b,
                      Lines soon, const ClampedTile& to) {
  switch (rows) {
    case 1: return clamped_tile<1>(a, a_stride, runs, b, soon, to);
    case 2: return clamped_tile<2>(a, a_stride, runs, b, soon, to);
    case 3: return clamped_tile<3>(a, a_stride, runs, b, soon, to);
    case 4: return clamped_tile<4>(a, a_stride, runs, b, soon, to);
    case 5: return clamped_tile<5>(a, a_stride, runs, b, soon, to);
    default: return clamped_tile<6>(a, a_stride, runs, b, soon, to);
  }
}

// The same of rows that are sums of `count` rows each.
void clamped_sums(int rows, const int32_t* const* begins, const int32_t* offsets, int count,
                  const ClampedTile& to) {
  const Clamp clamp(to);
  Vector start[most_vectors];
  load_row(start, reinterpret_cast<const char*>(to.starts));
  for (auto* c = to.c; rows > 0; --rows, c += to.ldc) {
    Vector sum[most_vectors];
    XFBLAS_UNROLL for (int j = 0; j < most_vectors; ++j) sum[j] = start[j];
    for (int i = 0; i < count; ++i) {
      const auto* from = begins[i] + *offsets++;
      XFBLAS_UNROLL for (int j = 0; j < most_vectors; ++j)
        sum[j] = add(sum[j], load(from + j * lanes));
    }
    clamp.store_row(sum, c);
  }
}
#endif

// One row: k is taken in four strands, since a single one would wait for each sum before the next.
// B passes in one long stream, which the CPU foresees better than prefetching from here does.
template <Group group, int vectors, bool accumulate>
__attribute__((noinline)) void single_row(const void* a, ptrdiff_t, const Runs& runs,
                                          const void* b, Lines, int32_t* sums) {
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

using Tile = void (*)(const void*, ptrdiff_t, const Runs&, const void*, Lines, int32_t*);

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
void run_tile(int rows, int vectors, const void* a, ptrdiff_t a_stride, const Runs& runs,
              const void* b, bool accumulate, Lines soon, int32_t* sums) {
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

// clang-format on

}  // namespace
}  // namespace xfblas
