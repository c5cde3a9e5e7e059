#include "native/product.hpp"

#include <algorithm>

#include "native/multiply_on_tiles.hpp"
#include "native/statistics.hpp"
#include "native/thread_pool.hpp"

namespace xfblas {
namespace {

// What is packed at once and forgotten: at most this much for each thread, and on large products
// a small part of the operands. Whole sums have 8 bytes each: what is packed beside them is as much
// as half of those, which at most shapes is all of B, so that rows of A are prepared once.
constexpr int64_t most_packed_bytes = 1536 * 1024, least_packed_bytes = 256 * 1024;
constexpr int64_t part_of_operands = 24;

// Rows are dealt out in so many parts for each thread, as many for each, so that one that wakes
// late, or shares its core, holds up the others by a part only; but parts are some tiles or more.
constexpr int64_t rounds_of_parts = 4, fewest_tiles_of_part = 7;

ThreadSpace& thread_space() {
  static thread_local ThreadSpace space;
  return space;
}

}  // namespace

void run_packed(const IntegerProduct& product, const Panels& panels) {
  const auto& kernels = xfblas::kernels();
  const auto threads = threads_for(product.m * product.k * product.n);
  const auto tile = rows_at_once(kernels, product.m, product.k);
  const auto panel_count = int64_t(panels.panels().size());
  Counter counter;
  const auto part = [&](int64_t first_panel, int64_t end_panel, int64_t row, int64_t end_row) {
    PathCounts counts{};
    multiply_panels(kernels, product, panels, size_t(first_panel), size_t(end_panel), row, end_row,
                    0, thread_space(), counts);
    counter.add(counts);
  };
  if (threads > 1 && (product.m >= 2 * tile * threads || panel_count < threads)) {
    // Each thread takes rows: it reads all of B, which is shared, and rows of its own.
    const auto tiles = (product.m + tile - 1) / tile;
    const auto rounds =
        std::clamp(tiles / fewest_tiles_of_part / threads, int64_t(1), rounds_of_parts);
    const auto parts = std::min(tiles, rounds * threads);
    run_tasks(threads, parts, [&](int64_t task) {
      part(0, panel_count, task * tiles / parts * tile,
           std::min(product.m, (task + 1) * tiles / parts * tile));
    });
  } else {
    run_tasks(threads, threads, [&](int64_t task) {
      part(task * panel_count / threads, (task + 1) * panel_count / threads, 0, product.m);
    });
  }
  counter.report(kernels, product, "packed before");
}

void run_unpacked(const IntegerProduct& product, const SourceOfB& b) {
  const auto& kernels = xfblas::kernels();
  const auto threads = threads_for(product.m * product.k * product.n);
  const auto operands = (product.m * product.k + product.k * product.n + product.m * product.n) *
                        product.element_bytes();
  auto budget =
      std::clamp(operands / part_of_operands / threads, least_packed_bytes, most_packed_bytes);
  if (product.requantization.keeps_sums)
    budget = std::max(budget, product.m * product.n * int64_t(sizeof(int64_t)) / 2 / threads);
  const bool wide = !product.needs_low_bits_only();
  const auto column_bytes = product.k * (wide ? 3 : 2);
  const auto panels_at_once = std::max<int64_t>(1, budget / (column_bytes * kernels.width()));
  const auto panel_count = panels_for(kernels, product.n);
  // Groups of columns, as many for each thread, and of as many vectors.
  auto groups = (panel_count + panels_at_once - 1) / panels_at_once;
  groups = std::min(panel_count, (groups + threads - 1) / threads * threads);
  const int64_t lanes = kernels.lanes, vectors = (product.n + lanes - 1) / lanes;
  Counter counter;
  run_tasks(threads, groups, [&](int64_t group) {
    static thread_local Panels panels;
    const auto first = group * vectors / groups * lanes;
    const auto end = std::min(product.n, (group + 1) * vectors / groups * lanes);
    panels.pack(kernels, b, product.k, first, end - first, wide,
                pays_on_tiles(kernels, product.m, product.k) ? PackedFor::tiles : PackedFor::vectors);
    PathCounts counts{};
    multiply(kernels, product, panels, 0, product.m, first, thread_space(), counts);
    counter.add(counts);
    if (panels.bytes() > uint64_t(most_packed_bytes)) panels = {};
  });
  counter.report(kernels, product, "packed on the way");
}

void run_vector_product(const SourceOfA& a, int64_t m, int64_t k, const void* x, void* y) {
  const auto& kernels = xfblas::kernels();
  constexpr int64_t rows_of_task = 64;
  const auto threads = threads_for(m * k);
  run_tasks(threads, (m + rows_of_task - 1) / rows_of_task, [&](int64_t task) {
    for (auto i = task * rows_of_task; i < std::min(m, (task + 1) * rows_of_task); ++i) {
      if (a.element_bytes == 2) {
        auto& to = static_cast<int16_t*>(y)[i];
        to = int16_t(uint32_t(to) + kernels.dot16(static_cast<const int16_t*>(a.data) + i * a.lda,
                                                  static_cast<const int16_t*>(x), k));
      } else {
        auto& to = static_cast<int8_t*>(y)[i];
        to = int8_t(uint32_t(to) + kernels.dot8(static_cast<const int8_t*>(a.data) + i * a.lda,
                                                static_cast<const int8_t*>(x), k));
      }
    }
  });
}

}  // namespace xfblas
