// The dataflow of one Gemv instruction: y = A*x + y.
//
//   memory -> read_vector_operands -> x_words, a_words -> dot -> parts -> add_to_y -> write_y
//                                  -> y_words ------------------------------/
#ifndef XFBLAS_MULTIPLY_VECTOR_HPP
#define XFBLAS_MULTIPLY_VECTOR_HPP

#include "dot.hpp"
#include "read_memory.hpp"
#include "write_memory.hpp"

namespace xfblas {

struct VectorTask {
  uint32_t m, k;
  Matrix a;
  uint64_t x, y;  // elements from the memory's base
};

// y of a block comes first, because its sums begin with it.
template <class V>
void read_vector_operands(const typename V::Word* memory, VectorTask task,
                          stream<typename V::Word>& x_words, stream<typename V::Word>& a_words,
                          stream<typename V::Word>& y_words) {
  spend(memory_latency);
blocks:
  for (uint32_t block = 0; block < pieces(task.m, V::block_rows); ++block) {
    const uint32_t row = block * V::block_rows;
    const uint32_t rows = smaller(V::block_rows, task.m - row);
    read_rows<V>(memory, Rows{task.y + row, 0, rows, 1}, y_words);
  chunks:
    for (uint32_t chunk = 0; chunk < pieces(task.k, V::chunk); ++chunk) {
      const uint32_t k = chunk * V::chunk;
      const uint32_t length = smaller(V::chunk, task.k - k);
      const uint64_t corner = task.a.first + row * task.a.stride + k;
      read_rows<V>(memory, Rows{task.x + k, 0, length, 1}, x_words);
      read_rows<V>(memory, Rows{corner, task.a.stride, length, rows}, a_words);
    }
  }
}

template <class V>
void write_y(typename V::Word* memory, VectorTask task, stream<typename V::Word>& words) {
blocks:
  for (uint32_t block = 0; block < pieces(task.m, V::block_rows); ++block) {
    const uint32_t row = block * V::block_rows;
    write_span<V>(memory, task.y + row, smaller(V::block_rows, task.m - row), words);
  }
  spend(memory_latency);
}

template <class V>
void multiply_vector(const typename V::Word* rd, typename V::Word* wr, VectorTask task) {
#pragma HLS DATAFLOW
  XFBLAS_DATAFLOW("multiply_vector");
  stream<typename V::Word, 32> x_words("x_words");
#pragma HLS BIND_STORAGE variable=x_words type=fifo impl=lutram
  stream<typename V::Word, 64> a_words("a_words");
#pragma HLS BIND_STORAGE variable=a_words type=fifo impl=lutram
  stream<typename V::Word, 32> y_words("y_words");
#pragma HLS BIND_STORAGE variable=y_words type=fifo impl=lutram
  stream<typename V::PartVector, 8> parts("parts");
#pragma HLS BIND_STORAGE variable=parts type=fifo impl=lutram
  stream<typename V::Word, 32> results("results");
#pragma HLS BIND_STORAGE variable=results type=fifo impl=lutram

  XFBLAS_PROCESS(read_vector_operands<V>, rd, task, x_words, a_words, y_words);
  XFBLAS_PROCESS(dot<V>, task.m, task.k, x_words, a_words, parts);
  XFBLAS_PROCESS(add_to_y<V>, task.m, task.k, parts, y_words, results);
  XFBLAS_PROCESS(write_y<V>, wr, task, results);
  XFBLAS_DATAFLOW_END();
}

}  // namespace xfblas

#endif
