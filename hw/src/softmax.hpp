// The dataflow of one Softmax instruction: a row after the other, one element a cycle.
//
//   memory -> read_rows_of_softmax -> words -> scale_logits -> rows, largest -> exponentiate
//                                        (tables pass on)   -> tables --------/      |
//   memory <- write_softmax <- words <- divide <- exponentials, sums, inv table <----/
//
// Each process holds what it looks up: the multipliers, the exp table, the inv table. A row goes
// from one to the next in a ping-pong buffer, because its largest logit is known at its end and so
// is its sum. One table of each kind and three multipliers serve all classes: the array before it
// takes longer than that for all but the shortest sums.
#ifndef XFBLAS_SOFTMAX_UNIT_HPP
#define XFBLAS_SOFTMAX_UNIT_HPP

#include "read_memory.hpp"
#include "write_memory.hpp"
#include "xfblas/softmax.hpp"

namespace xfblas {

struct SoftmaxTask {
  uint32_t rows, windows, classes, columns;  // columns: of C; those beyond the classes become 0
  Matrix a, parameters, c;
  SoftmaxFields fields;
};

template <class E>
SoftmaxTask softmax_task_of(const Instruction& i) {
#pragma HLS INLINE
  SoftmaxTask task;
  task.rows = i.m;
  task.classes = i.ldb;
  task.windows = i.k / i.ldb;
  task.columns = i.n;
  task.a = matrix_at<E>(i.a, i.lda, false, 1);
  task.parameters = matrix_at<E>(i.b, 0, false, 1);
  task.c = matrix_at<E>(i.c, i.ldc, false, 1);
  task.fields = softmax_fields(i);
  return task;
}

using LogitRow = int64_t[softmax_classes];
using ExponentialRow = uint32_t[softmax_classes];

// A row for the next process, and what it needs to know of it as a whole.
struct RowMaximum {
  int64_t value;
  uint32_t place;  // the first of them
};

template <class E>
void read_rows_of_softmax(const typename E::Word* memory, SoftmaxTask task,
                          stream<typename E::Word>& parameters, stream<typename E::Word>& words) {
  constexpr uint64_t lanes_of_an_entry = 4 / sizeof(typename E::Element);
  const uint64_t entries =
      task.fields.exp_entries() + task.fields.inv_entries() + uint64_t(task.classes);
  spend(memory_latency);
  read_rows<E>(memory, Rows{task.parameters.first, 0, entries * lanes_of_an_entry, 1}, parameters);
  const uint64_t lanes = uint64_t(task.windows) * task.classes;
  read_rows<E>(memory, Rows{task.a.first, task.a.stride, lanes, task.rows}, words);
}

// 32-bit words out of memory words, and who needs which.
template <class E>
void deal_parameters(SoftmaxTask task, stream<typename E::Word>& words,
                     stream<uint32_t>& exp_entries, stream<uint32_t>& inv_entries,
                     stream<uint32_t>& multipliers) {
  constexpr int lanes_of_an_entry = 4 / int(sizeof(typename E::Element));
  const uint32_t tables = task.fields.exp_entries() + task.fields.inv_entries();
  typename E::Word word = {};
  int lane = 0;
entries:
  for (uint32_t entry = 0; entry < tables + task.classes; ++entry) {
#pragma HLS PIPELINE II=1
    if (lane == 0) word = words.read();
    uint32_t bits = 0;
  lanes:
    for (int part = 0; part < lanes_of_an_entry; ++part) {
#pragma HLS UNROLL
      const auto low = Bits<typename E::Element>::of(word.lane[lane + part]);
      bits |= uint32_t(low) << (part * E::Traits::bits);
    }
    if (entry < task.fields.exp_entries())
      exp_entries.write(bits);
    else if (entry < tables)
      inv_entries.write(bits);
    else
      multipliers.write(bits);
    lane = lane + lanes_of_an_entry == E::word_lanes ? 0 : lane + lanes_of_an_entry;
  }
}

// Adds up the windows of each logit, scales it, and finds the largest.
template <class E>
void scale_logits(SoftmaxTask task, stream<uint32_t>& multipliers, stream<typename E::Word>& words,
                  stream_of_blocks<LogitRow>& rows, stream<RowMaximum>& largest) {
  uint32_t multiplier[softmax_classes];
#pragma HLS BIND_STORAGE variable=multiplier type=ram_2p impl=bram
  int64_t total[softmax_classes];
#pragma HLS BIND_STORAGE variable=total type=ram_2p impl=bram
load:
  for (uint32_t j = 0; j < task.classes; ++j) {
#pragma HLS PIPELINE II=1
    multiplier[j] = softmax_multiplier(multipliers.read());
  }
  const uint32_t before = (task.windows - 1) * task.classes;
rows:
  for (uint32_t row = 0; row < task.rows; ++row) {
    write_lock<LogitRow> logits(rows);
    typename E::Word word = {};
    uint32_t lane = 0, j = 0;
  sum:
    for (uint32_t i = 0; i < before; ++i) {
      // A total may be needed again at once, and the memory takes this long.
#pragma HLS PIPELINE II=2
      spend(lane == 0 ? 1 : 2);
      if (lane == 0) word = words.read();
      total[j] = (i < task.classes ? task.fields.offset : total[j]) + int64_t(word.lane[lane]);
      lane = lane + 1 == uint32_t(E::word_lanes) ? 0 : lane + 1;
      j = j + 1 == task.classes ? 0 : j + 1;
    }
    RowMaximum maximum = {};
  scale:
    for (j = 0; j < task.classes; ++j) {
#pragma HLS PIPELINE II=1
      if (lane == 0)
        word = words.read();
      else
        spend(1);
      const int64_t sum = before == 0 ? task.fields.offset : total[j];
      const int64_t x =
          softmax_logit(sum + int64_t(word.lane[lane]), multiplier[j], task.fields);
      if (j == 0 || x > maximum.value) {
        maximum.value = x;
        maximum.place = j;
      }
      logits[j] = x;
      lane = lane + 1 == uint32_t(E::word_lanes) ? 0 : lane + 1;
    }
    largest.write(maximum);
  }
}

inline void load_table(uint32_t* table, uint32_t count, stream<uint32_t>& entries) {
#pragma HLS INLINE
load:
  for (uint32_t i = 0; i < count; ++i) {
#pragma HLS PIPELINE II=1
    table[i] = softmax_entry(entries.read());
  }
}

// Looks up the exponentials, and where the inverse of their sum lies. Legacy has a sum for each
// class instead of an exponential.
template <class E>
void exponentiate(SoftmaxTask task, stream<uint32_t>& entries, stream_of_blocks<LogitRow>& rows,
                  stream<RowMaximum>& largest, stream_of_blocks<ExponentialRow>& exponentials,
                  stream<uint32_t>& sums) {
  uint32_t table[1u << softmax_table_bits];
#pragma HLS BIND_STORAGE variable=table type=ram_2p impl=bram
  load_table(table, task.fields.exp_entries(), entries);
  const bool is_legacy = task.fields.kind == softmax_legacy;
  const bool is_argmax = task.fields.kind == softmax_argmax;
rows:
  for (uint32_t row = 0; row < task.rows; ++row) {
    read_lock<LogitRow> logits(rows);
    write_lock<ExponentialRow> exponential(exponentials);
    const RowMaximum maximum = largest.read();
    const uint32_t passes = is_legacy ? task.classes : 1;
    uint32_t index = 0;
  passes:
    for (uint32_t i = 0; i < passes; ++i) {
      const int64_t other = is_legacy ? int64_t(logits[i]) : maximum.value;
      int64_t sum = 0;
    classes:
      for (uint32_t j = 0; j < task.classes; ++j) {
#pragma HLS PIPELINE II=1
        const uint32_t e = table[softmax_exp_index(logits[j], other, task.fields)];
        sum += softmax_addend(e, task.fields);
        if (!is_legacy) exponential[j] = is_argmax ? uint32_t(j == maximum.place) : e;
        spend(1);
      }
      index = softmax_inv_index(sum, task.fields);
      if (is_legacy) exponential[i] = index;
    }
    sums.write(index);
  }
}

template <class E>
void divide(SoftmaxTask task, stream<uint32_t>& entries,
            stream_of_blocks<ExponentialRow>& exponentials, stream<uint32_t>& sums,
            stream<typename E::Word>& out) {
  uint32_t table[1u << softmax_table_bits];
#pragma HLS BIND_STORAGE variable=table type=ram_2p impl=bram
  load_table(table, task.fields.inv_entries(), entries);
  const bool is_legacy = task.fields.kind == softmax_legacy;
  const bool is_argmax = task.fields.kind == softmax_argmax;
  // The fraction bits of argmax' result move its 1 up.
  const int32_t shift = is_argmax ? -task.fields.result_shift : task.fields.result_shift;
rows:
  for (uint32_t row = 0; row < task.rows; ++row) {
    read_lock<ExponentialRow> exponential(exponentials);
    typename E::Word word = {};
    uint32_t lane = 0;
    const uint32_t inverse = table[sums.read()];
  columns:
    for (uint32_t j = 0; j < task.columns; ++j) {
#pragma HLS PIPELINE II=1
      const uint32_t e = j < task.classes ? exponential[j] : 0;
      const int64_t value = j >= task.classes ? 0
                            : is_legacy       ? int64_t(table[e])
                            : is_argmax       ? int64_t(e)
                                              : int64_t(e) * int64_t(inverse);
      word.lane[lane] = typename E::Element(softmax_result<E::Traits::bits>(value, shift));
      if (++lane == uint32_t(E::word_lanes) || j + 1 == task.columns) {
        out.write(word);
        lane = 0;
      } else {
        spend(1);
      }
    }
  }
}

template <class E>
void write_softmax(typename E::Word* memory, SoftmaxTask task, stream<typename E::Word>& words) {
  write_rows<E>(memory, task.c.first, task.c.stride, task.rows, task.columns, words);
  spend(memory_latency);
}

template <class E>
void softmax(const typename E::Word* rd, typename E::Word* wr, SoftmaxTask task) {
#pragma HLS DATAFLOW
  XFBLAS_DATAFLOW("softmax");
  stream<typename E::Word, 32> parameters("parameters");
#pragma HLS BIND_STORAGE variable=parameters type=fifo impl=lutram
  stream<typename E::Word, 32> words("words");
#pragma HLS BIND_STORAGE variable=words type=fifo impl=lutram
  stream<uint32_t, 8> exp_entries("exp_entries");
#pragma HLS BIND_STORAGE variable=exp_entries type=fifo impl=srl
  stream<uint32_t, 8> inv_entries("inv_entries");
#pragma HLS BIND_STORAGE variable=inv_entries type=fifo impl=srl
  stream<uint32_t, 8> multipliers("multipliers");
#pragma HLS BIND_STORAGE variable=multipliers type=fifo impl=srl
  stream_of_blocks<LogitRow> rows("rows");
  stream<RowMaximum, 4> largest("largest");
#pragma HLS BIND_STORAGE variable=largest type=fifo impl=lutram
  stream_of_blocks<ExponentialRow> exponentials("exponentials");
  stream<uint32_t, 4> sums("sums");
#pragma HLS BIND_STORAGE variable=sums type=fifo impl=srl
  stream<typename E::Word, 32> results("results");
#pragma HLS BIND_STORAGE variable=results type=fifo impl=lutram

  XFBLAS_PROCESS(read_rows_of_softmax<E>, rd, task, parameters, words);
  XFBLAS_PROCESS(deal_parameters<E>, task, parameters, exp_entries, inv_entries, multipliers);
  XFBLAS_PROCESS(scale_logits<E>, task, multipliers, words, rows, largest);
  XFBLAS_PROCESS(exponentiate<E>, task, exp_entries, rows, largest, exponentials, sums);
  XFBLAS_PROCESS(divide<E>, task, inv_entries, exponentials, sums, results);
  XFBLAS_PROCESS(write_softmax<E>, wr, task, results);
  XFBLAS_DATAFLOW_END();
}

}  // namespace xfblas

#endif
