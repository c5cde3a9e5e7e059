// What flows between the kernels: beats of 16 bytes, and the elements in them.
#ifndef XFBLAS_STREAM_BEAT_HPP
#define XFBLAS_STREAM_BEAT_HPP

#include "../src/bits.hpp"
#include "xfblas/stream.hpp"
#include "xfblas/stream_job.hpp"

namespace xfblas {

constexpr int beat_words = int(beat_bytes) / 4;

struct Beat {
  uint32_t word[beat_words];
};

template <class Element>
struct BeatOf {
  static constexpr int elements = int(beat_bytes / sizeof(Element));
  static constexpr int in_word = int(4 / sizeof(Element));
  static constexpr int bits = 8 * int(sizeof(Element));

  static Element get(const Beat& beat, int at) {
#pragma HLS INLINE
    using Raw = typename Bits<Element>::type;
    return Bits<Element>::back(Raw(beat.word[at / in_word] >> (at % in_word * bits)));
  }
  static void put(Beat& beat, int at, Element element) {
#pragma HLS INLINE
    const uint32_t shifted = uint32_t(Bits<Element>::of(element)) << (at % in_word * bits);
    beat.word[at / in_word] |= shifted;
  }
};

inline Beat empty_beat() {
#pragma HLS INLINE
  Beat beat;
clear:
  for (int i = 0; i < beat_words; ++i) {
#pragma HLS UNROLL
    beat.word[i] = 0;
  }
  return beat;
}

constexpr int whole(int size, int part) { return (size + part - 1) / part; }
constexpr int larger(int a, int b) { return a > b ? a : b; }

// An order as a layer's processes take it.
struct Order {
  uint32_t command, routes, rows, formats, earlier_beats;
};

inline Order order_in(const Beat& beat) {
#pragma HLS INLINE
  Order order;
  order.command = beat.word[0] & 0xffu;
  order.routes = beat.word[0] >> 8;
  order.rows = beat.word[1];
  order.formats = beat.word[2];
  order.earlier_beats = beat.word[3];
  return order;
}

}  // namespace xfblas

#endif
