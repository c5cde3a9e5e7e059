// Streams between the processes of a dataflow region: the same call sites in three worlds.
//
//   stream<T, depth> words("words");             a FIFO; processes take it as stream<T>&
//   stream_of_blocks<Block> blocks("blocks");    a ping-pong buffer of whole blocks
//   XFBLAS_LAUNCH();                             begins a kernel
//   XFBLAS_DATAFLOW("region");                   begins a region, before its streams
//   XFBLAS_NAME_STREAMS(links);                  names the streams of an array, for messages
//   XFBLAS_PROCESS(function, arguments...);      one process
//   XFBLAS_DATAFLOW_END();                       waits for all of them
//   spend(cycles);                               time for the cycle-approximate run only
//
// Under synthesis they are hls::stream and plain function calls. On this CPU they are bounded
// FIFOs and fibers (simulation/), which find deadlocks and count cycles; with
// XFBLAS_VENDOR_STREAM they are the vendor's unbounded simulation model.
#ifndef XFBLAS_STREAM_HPP
#define XFBLAS_STREAM_HPP

#if defined(XFBLAS_VENDOR_STREAM)

#include "simulation/sequential.hpp"

#elif defined(__SYNTHESIS__)

#include "synthesis/stream.hpp"

#else

#include "simulation/stream.hpp"

#endif

#endif
