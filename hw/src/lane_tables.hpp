// The host's table beside each lane, because every lane looks up two entries a cycle.
#ifndef XFBLAS_LANE_TABLES_HPP
#define XFBLAS_LANE_TABLES_HPP

#include "integer.hpp"
#include "read_addend.hpp"
#include "xfblas/entry_table.hpp"
#include "xfblas/stream.hpp"

namespace xfblas {

using TableEntry = signed_bits<entry_bits>;

// Engines without tables have one entry that nobody reads.
template <class E>
using TableOfLane = TableEntry[E::has_table ? table_entries : 1];

// One entry a cycle into all lanes. A table begins at a page, and so at a memory word.
template <class E, int lanes>
void load_tables(stream<typename E::Word>& words, TableOfLane<E> (&tables)[lanes]) {
#pragma HLS INLINE
  constexpr int entries_of_word = E::word_lanes / E::addend_lanes;
  constexpr int count = E::has_table ? table_entries : 0;
  Vector<typename E::Addend, entries_of_word> held = {};
load:
  for (int i = 0; i < count; ++i) {
#pragma HLS PIPELINE II=1
    if (i % entries_of_word == 0)
      held = addends_of<E>(words.read());
    else
      spend(1);
    const TableEntry entry =
        TableEntry(wrapped<entry_bits>(int64_t(held.lane[i % entries_of_word])));
  copies:
    for (int lane = 0; lane < lanes; ++lane) {
#pragma HLS UNROLL
      tables[lane][i] = entry;
    }
  }
}

}  // namespace xfblas

#endif
