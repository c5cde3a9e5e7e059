// Products on tiles of bytes: exact whatever the data, so that nothing has to be proved.
#ifndef XFBLAS_NATIVE_MULTIPLY_ON_TILES_HPP
#define XFBLAS_NATIVE_MULTIPLY_ON_TILES_HPP

#include "native/multiply.hpp"

namespace xfblas {

// Whether so many rows are multiplied on tiles where these kernels have some; fewer, or a shorter k,
// leave most of a tile empty, and vectors are faster.
bool pays_on_tiles(const Kernels& kernels, int64_t rows, int64_t k);

// So many rows of a product are best kept together: it is cut between whole numbers of them.
int64_t rows_at_once(const Kernels& kernels, int64_t rows, int64_t k);

// As multiply_panels, for panels that are packed for tiles.
void multiply_panels_on_tiles(const Kernels& kernels, const IntegerProduct& product,
                              const Panels& panels, size_t first_panel, size_t end_panel,
                              int64_t first_row, int64_t end_row, int64_t first_column,
                              ThreadSpace& space, PathCounts& counts);

// The same of rows that are planes already, as a convolution's windows are: `lines` lines of `rows`
// rows each, times all of the panels.
void multiply_planes_on_tiles(const Kernels& kernels, const IntegerProduct& product,
                              const Panels& panels, const RowPlanes& planes, int64_t lines,
                              int64_t rows, ThreadSpace& space, PathCounts& counts);

}  // namespace xfblas

#endif
