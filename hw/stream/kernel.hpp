// The types of this build, from the network's header.
#ifndef XFBLAS_STREAM_KERNEL_HPP
#define XFBLAS_STREAM_KERNEL_HPP

#include "accept.hpp"
#include "finish.hpp"
#include "move.hpp"
#include "multiply.hpp"
#include "xfblas_network.hpp"

// A word of device memory, as the kernel's two ports see it.
using DdrWord = xfblas::WordOfBeats<xfblas::network::word_bytes>;

// One layer between two links: its three processes and the streams between them.
#define XFBLAS_STREAM_LAYER(number, from, to)                                                     \
  stream<Order, 2> to_multiply_##number("to_multiply_" #number);                                  \
  stream<Order, 2> to_finish_##number("to_finish_" #number);                                      \
  stream<Beat, 4> payload_##number("payload_" #number);                                           \
  stream<network::Layer##number::Block, 4> blocks_##number("blocks_" #number);                    \
  stream<network::Layer##number::Totals, network::Layer##number::totals_depth> totals_##number(   \
      "totals_" #number);                                                                         \
  stream<Beat, network::Layer##number::passed_depth> passed_##number("passed_" #number);          \
  XFBLAS_PROCESS(accept<network::Layer##number>, from, to_multiply_##number, to_finish_##number,  \
                 payload_##number, blocks_##number, passed_##number);                             \
  XFBLAS_PROCESS(multiply<network::Layer##number>, to_multiply_##number, payload_##number,        \
                 blocks_##number, totals_##number);                                               \
  XFBLAS_PROCESS(finish<network::Layer##number>, to_finish_##number, totals_##number,             \
                 passed_##number, to);

#endif
