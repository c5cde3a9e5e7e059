// How the output pixels of a convolution are dealt to threads.
#ifndef XFBLAS_NATIVE_WINDOW_TASKS_HPP
#define XFBLAS_NATIVE_WINDOW_TASKS_HPP

#include <algorithm>
#include <cstdint>

#include "native/window_block.hpp"

namespace xfblas {

inline int64_t parts_of(int64_t whole, int64_t part) { return (whole + part - 1) / part; }

// So many rows and columns of output pixels each, as evenly as they go.
struct Tasks {
  int64_t frames, rows, columns;                // tasks along each axis
  int64_t all_rows, all_columns;                // output pixels
  int64_t rows_together, columns_together;      // in one task, but at the end

  int64_t count() const { return frames * rows * columns; }
  OutputPart part(int64_t task) const {
    const auto column = task % columns, row = task / columns % rows;
    const auto x = first_of(column, columns, all_columns, columns_together);
    const auto y = first_of(row, rows, all_rows, rows_together);
    return {task / columns / rows, y, x, first_of(row + 1, rows, all_rows, rows_together) - y,
            first_of(column + 1, columns, all_columns, columns_together) - x};
  }

 private:
  static int64_t first_of(int64_t task, int64_t tasks, int64_t all, int64_t together) {
    return std::min(all, task * parts_of(all, together) / tasks * together);
  }
};

}  // namespace xfblas

#endif
