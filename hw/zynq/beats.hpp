// What goes over the streams of the stream top: a memory word, and whether it is the last one.
#ifndef XFBLAS_BEATS_HPP
#define XFBLAS_BEATS_HPP

#include "../src/kernel.hpp"

#if defined(__SYNTHESIS__)

#include <ap_axi_sdata.h>
#include <hls_stream.h>

namespace xfblas {
using Beat = hls::axis<DdrWord, 0, 0, 0>;
using BeatStream = hls::stream<Beat>;
}  // namespace xfblas

#else

#include <deque>
#include <stdexcept>

namespace xfblas {

struct Beat {
  DdrWord data;
  bool last;
};

// A DMA has sent everything before the kernel begins: what is missing then never comes.
class BeatStream {
 public:
  Beat read() {
    if (beats_.empty())
      throw std::runtime_error("the stream of rows ended before the last of them");
    const Beat beat = beats_.front();
    beats_.pop_front();
    return beat;
  }
  void write(const Beat& beat) { beats_.push_back(beat); }
  bool empty() const { return beats_.empty(); }

 private:
  std::deque<Beat> beats_;
};

}  // namespace xfblas

#endif
#endif
