// The stream top: rows and results by AXI streams, everything else as the master top has it.
#include "run_stream.hpp"

extern "C" void fcnStream(xfblas::BeatStream& rows, xfblas::BeatStream& results,
                          const DdrWord* rd, DdrWord* wr, uint32_t amount) {
#pragma HLS INTERFACE axis port=rows
#pragma HLS INTERFACE axis port=results
#pragma HLS INTERFACE m_axi port=rd offset=slave bundle=memory latency=64 num_read_outstanding=16 max_read_burst_length=64
#pragma HLS INTERFACE m_axi port=wr offset=slave bundle=memory latency=64 num_write_outstanding=16 max_write_burst_length=64
#pragma HLS INTERFACE s_axilite port=rd bundle=control offset=0x10
#pragma HLS INTERFACE s_axilite port=wr bundle=control offset=0x1c
#pragma HLS INTERFACE s_axilite port=amount bundle=control offset=0x28
#pragma HLS INTERFACE s_axilite port=return bundle=control
  xfblas::run_stream<xfblas::WholeWordProduct>(rows, results, rd, wr, amount);
}
