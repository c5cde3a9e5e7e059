// The streams as Vitis HLS knows them. Processes of a region are plain calls there.
#ifndef XFBLAS_SYNTHESIS_STREAM_HPP
#define XFBLAS_SYNTHESIS_STREAM_HPP

#include <hls_stream.h>
#include <hls_streamofblocks.h>
#include <stdint.h>

namespace xfblas {

template <class T, int depth = 0>
using stream = hls::stream<T, depth>;

template <class Block>
using stream_of_blocks = hls::stream_of_blocks<Block>;

template <class Block>
using write_lock = hls::write_lock<Block>;

template <class Block>
using read_lock = hls::read_lock<Block>;

inline void spend(uint64_t) {
#pragma HLS INLINE
}

inline uint32_t memory_limit(uint32_t platform_pages) {
#pragma HLS INLINE
  return platform_pages;
}

}  // namespace xfblas

#define XFBLAS_NAME_STREAMS(streams)
#define XFBLAS_LAUNCH()
#define XFBLAS_DATAFLOW(name)
#define XFBLAS_PROCESS(function, ...) function(__VA_ARGS__)
#define XFBLAS_DATAFLOW_END()

#endif
