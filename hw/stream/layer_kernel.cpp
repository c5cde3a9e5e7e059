// Of the linked form: one layer, which runs as soon as beats come. -DXFBLAS_STREAM_NUMBER=1 and
// -DXFBLAS_STREAM_NAME=layer1 say which.
#include "kernel.hpp"

#define XFBLAS_EXPANDED_LAYER(number, from, to) XFBLAS_STREAM_LAYER(number, from, to)

extern "C" void XFBLAS_STREAM_NAME(xfblas::stream<xfblas::Beat>& from,
                                   xfblas::stream<xfblas::Beat>& to) {
#pragma HLS INTERFACE mode=axis port=from
#pragma HLS INTERFACE mode=axis port=to
#pragma HLS INTERFACE mode=ap_ctrl_none port=return
#pragma HLS DATAFLOW
  using namespace xfblas;
  XFBLAS_DATAFLOW("a layer");
  XFBLAS_EXPANDED_LAYER(XFBLAS_STREAM_NUMBER, from, to)
  XFBLAS_DATAFLOW_END();
}
