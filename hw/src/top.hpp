// A kernel: fetch the program, then check, run and report one instruction after the other.
//
// Each instruction is finished before the next one is read for, since a layer's C is the next
// layer's A.
#ifndef XFBLAS_TOP_HPP
#define XFBLAS_TOP_HPP

#include "clock.hpp"
#include "multiply.hpp"
#include "multiply_vector.hpp"
#include "program.hpp"
#include "softmax.hpp"
#include "window.hpp"
#include "xfblas/check.hpp"

namespace xfblas {

// The units that compute softmax and windows; engines without them never come to it.
template <class E, bool are_there>
struct UnitsBesides {
  static void run(const typename E::Word*, typename E::Word*, const Instruction&,
                  const Instruction&) {}
};
template <class E>
struct UnitsBesides<E, true> {
  static void run(const typename E::Word* rd, typename E::Word* wr, const Instruction& i,
                  const Instruction& before) {
#pragma HLS INLINE
    if (i.opcode == opcode_softmax)
      softmax<E>(rd, wr, softmax_task_of<E>(i));
    else
      window<E>(rd, wr, window_task_of<E>(i, before));
  }
};

// What Gemm and Fcn do with an instruction.
template <class E_>
struct Product {
  using E = E_;
  static Status check(const Instruction& i, const Instruction& before, uint32_t memory_pages) {
#pragma HLS INLINE
    constexpr Accepted engine = {E::opcode,
                                 sizeof(typename E::Element),
                                 sizeof(typename E::Addend),
                                 E::array_rows,
                                 E::array_columns,
                                 E::Traits::is_float};
    return xfblas::check(i, before, memory_pages, engine);
  }
  // A Map computes nothing: it says how the instruction behind it walks.
  static void run(const typename E::Word* rd, typename E::Word* wr, const Instruction& i,
                  const Instruction& before) {
#pragma HLS INLINE
    if (E::has_units && i.opcode == opcode_map) return;
    if (E::has_units && (i.opcode == opcode_softmax || i.opcode == opcode_window))
      UnitsBesides<E, E::has_units>::run(rd, wr, i, before);
    else
      multiply<E>(rd, wr, E::has_units && before.opcode == opcode_map
                              ? convolution_task_of<E>(i, before)
                              : task_of<E>(i));
  }
};

// And Gemv: words b and c hold the pages of x and y, words m and k the rows and columns of A.
template <class V>
struct VectorProduct {
  using E = V;
  static Status check(const Instruction& i, const Instruction& before, uint32_t memory_pages) {
#pragma HLS INLINE
    constexpr uint32_t element = sizeof(typename V::Element);
    constexpr Accepted engine = {opcode_gemv, element, element, 0, 0, V::Traits::is_float};
    return xfblas::check(i, before, memory_pages, engine);
  }
  static void run(const typename V::Word* rd, typename V::Word* wr, const Instruction& i,
                  const Instruction&) {
#pragma HLS INLINE
    VectorTask task;
    task.m = i.m;
    task.k = i.k;
    task.a = matrix_at<V>(i.a, i.lda, false, 1);
    task.x = matrix_at<V>(i.b, 0, false, 1).first;
    task.y = matrix_at<V>(i.c, 0, false, 1).first;
    multiply_vector<V>(rd, wr, task);
  }
};

// amount: rows of this launch, in place of those of each instruction and at most as many; 0 leaves
// the instructions'. Over feature maps an instruction has its own, which are pixels.
template <class Operation>
void run_program(const typename Operation::E::Word* rd, typename Operation::E::Word* wr,
                 Clock& clock, uint32_t amount = 0) {
  using E = typename Operation::E;
  RawInstruction program[instructions_per_page];
#pragma HLS AGGREGATE variable=program
  const uint32_t all_pages = memory_limit(uint32_t(configuration::bank_pages));
  uint32_t memory_pages = all_pages;
  bool runs = true;
  Instruction before = {};
  fetch_program<E>(rd, program);
instructions:
  for (uint32_t slot = 0; slot < instructions_per_page && runs; ++slot) {
    Instruction i = decoded(program[slot]);
    if (is_control(i)) {
      runs = !is_last(i);
      if (memory_pages_of(i) != 0) memory_pages = smaller(memory_pages_of(i), all_pages);
      before = i;
      continue;
    }
    const uint64_t start = clock.now();
    const bool has_own_rows = i.opcode == opcode_map || before.opcode == opcode_map;
    const bool has_rows = has_own_rows || amount <= i.m;
    if (amount != 0 && !has_own_rows) i.m = amount;
    const Status status =
        has_rows ? Operation::check(i, before, memory_pages) : status_out_of_memory;
    if (status == status_ok) Operation::run(rd, wr, i, before);
    write_result<E>(wr, slot, start, clock.now(), status);
    before = i;
  }
  clock.stop();
}

// The program, and in hardware the counter beside it.
template <class Operation>
void run_kernel(const typename Operation::E::Word* rd, typename Operation::E::Word* wr,
                uint32_t amount = 0) {
#pragma HLS DATAFLOW
  XFBLAS_LAUNCH();
  Clock clock;
  run_program<Operation>(rd, wr, clock, amount);
  count_cycles(clock);
}

}  // namespace xfblas

#endif
