// One checked instruction, as the processes want it: places in elements, flags as booleans.
#ifndef XFBLAS_TASK_HPP
#define XFBLAS_TASK_HPP

#include "integer_epilogue.hpp"
#include "tile.hpp"
#include "walk.hpp"
#include "xfblas/instruction.hpp"

namespace xfblas {

// A matrix in memory. Places count elements from the memory's base; for X, lanes of the word.
struct Matrix {
  uint64_t first;   // element
  uint64_t stride;  // from row to row
  bool is_packed;
};

struct Task {
  Problem problem;
  Matrix a, b, c, x;
  uint64_t table;  // element
  bool has_x, bias_row, has_table;
  Epilogue epilogue;
  bool walks;  // over feature maps, as `walk` says
  Walk walk;
};

template <class E>
Matrix matrix_at(uint32_t page, uint32_t leading_dimension, bool is_packed, uint32_t lanes) {
#pragma HLS INLINE
  Matrix matrix;
  matrix.first = uint64_t(page) * (page_bytes / sizeof(typename E::Element));
  matrix.stride = uint64_t(leading_dimension) * lanes;
  matrix.is_packed = is_packed;
  return matrix;
}

template <class E>
Task task_of(const Instruction& i) {
#pragma HLS INLINE
  Task task;
  task.a = matrix_at<E>(i.a, i.lda, (i.flags & flag_a_packed) != 0, 1);
  task.problem = problem_of<E>(i.m, i.k, i.n, false, task.a.is_packed);
  task.b = matrix_at<E>(i.b, i.ldb, (i.flags & flag_b_packed) != 0, 1);
  task.c = matrix_at<E>(i.c, i.ldc, false, 1);
  task.x = matrix_at<E>(i.x, i.ldx, false, E::addend_lanes);
  task.table = matrix_at<E>(i.prelu, 0, false, 1).first;
  task.has_table = E::has_table && activation(i.flags) == activation_table;
  task.has_x = i.x != 0;
  task.bias_row = (i.flags & flag_bias_row) != 0;
  task.epilogue.post_scale = post_scale(i.post);
  task.epilogue.post_shift = post_shift(i.post);
  task.epilogue.prelu_scale = prelu_scale(i.prelu);
  task.epilogue.prelu_alpha = prelu_alpha(i.prelu);
  task.epilogue.activation = activation(i.flags);
  task.epilogue.input_fraction = i.formats & 0xffu;
  task.epilogue.output_fraction = i.formats >> 8 & 0xffu;
  task.epilogue.groups = i.formats;
  task.epilogue.rounds = (i.flags & flag_round) != 0;
  task.epilogue.saturates = (i.flags & flag_saturate) != 0;
  task.walks = false;
  task.walk = Walk{};
  return task;
}

// After a Map instruction.
template <class E>
Task convolution_task_of(const Instruction& i, const Instruction& map) {
#pragma HLS INLINE
  Task task = task_of<E>(i);
  task.walks = true;
  task.problem = problem_of<E>(i.m, i.k, i.n, true, false);
  task.walk = walk_of<E>(feature_map(map), task.a.first, task.c.first, i,
                         chunk_of<E>(task.problem), tile_columns<E>(task.problem), true);
  return task;
}

// The tile that follows, and the pixel that its first row is.
template <class E>
void step_tile(const Task& task, Tile& tile, Pixel& start) {
#pragma HLS INLINE
  const Tile next = tile_after<E>(task.problem, tile);
  if (E::has_units && task.walks && next.row > tile.row)
    start = pixel_behind(task.walk.map, start, tile.rows);
  tile = next;
}

}  // namespace xfblas

#endif
