#include "kernel.hpp"

extern "C" void fcnKernel(const DdrWord* rd, DdrWord* wr) {
#pragma HLS INTERFACE m_axi port=rd offset=slave bundle=gmem0 latency=64 num_read_outstanding=16 max_read_burst_length=64
#pragma HLS INTERFACE m_axi port=wr offset=slave bundle=gmem1 latency=64 num_read_outstanding=4 num_write_outstanding=16 max_write_burst_length=64
#pragma HLS INTERFACE s_axilite port=rd bundle=control
#pragma HLS INTERFACE s_axilite port=wr bundle=control
#pragma HLS INTERFACE s_axilite port=return bundle=control
  using namespace xfblas;
  run_kernel<Product<ProductShape<ConfiguredShape, opcode_fcn>>>(rd, wr);
}
