// Of the linked form: the only kernel that the host starts. It feeds the first layer's kernel and
// takes the records from the last one's.
#include "kernel.hpp"

namespace xfblas {

template <class Word>
void move_beats(const Word* rd, Word* wr, const StreamJob& job, stream<Beat>& to_first,
                stream<Beat>& from_last) {
#pragma HLS DATAFLOW
  XFBLAS_DATAFLOW("the mover");
  XFBLAS_PROCESS(read_memory<Word>, rd, job.source_page, job.source_beats, to_first);
  XFBLAS_PROCESS(write_memory<Word>, wr, job.result_page, job.result_beats, from_last);
  XFBLAS_DATAFLOW_END();
}

}  // namespace xfblas

extern "C" void streamKernel(const DdrWord* rd, DdrWord* wr, xfblas::stream<xfblas::Beat>& to_first,
                             xfblas::stream<xfblas::Beat>& from_last) {
#pragma HLS INTERFACE m_axi port=rd offset=slave bundle=gmem0 latency=64 num_read_outstanding=32 max_read_burst_length=64
#pragma HLS INTERFACE m_axi port=wr offset=slave bundle=gmem1 latency=64 num_write_outstanding=32 max_write_burst_length=64
#pragma HLS INTERFACE mode=axis port=to_first
#pragma HLS INTERFACE mode=axis port=from_last
#pragma HLS INTERFACE s_axilite port=rd bundle=control
#pragma HLS INTERFACE s_axilite port=wr bundle=control
#pragma HLS INTERFACE s_axilite port=return bundle=control
  using namespace xfblas;
  const StreamJob job = fetch_job(rd);
  const StreamStatus status = check_job(job, network::layers, network::Layer1::load_beats,
                                        network::Layer1::input_beats, network::first_page,
                                        network::bank_pages);
  if (status == stream_ok) move_beats(rd, wr, job, to_first, from_last);
  write_status(wr, status, 0);
}
