// One top with all layers inside: small boards, and this CPU.
#include "kernel.hpp"

namespace xfblas {

#define XFBLAS_LINK(number, before)                                                              \
  stream<Beat, network::Layer##number::link_depth> link_##number("link_" #number);
#define XFBLAS_LAYER(number, before) XFBLAS_STREAM_LAYER(number, link_##before, link_##number)

template <class Word>
void run_chain(const Word* rd, Word* wr, const StreamJob& job) {
#pragma HLS DATAFLOW
  XFBLAS_DATAFLOW("the layers");
  stream<Beat, 8> link_0("link_0");
#pragma HLS BIND_STORAGE variable=link_0 type=fifo impl=srl
  XFBLAS_EACH_LAYER(XFBLAS_LINK)
  XFBLAS_PROCESS(read_memory<Word>, rd, job.source_page, job.source_beats, link_0);
  XFBLAS_EACH_LAYER(XFBLAS_LAYER)
  XFBLAS_PROCESS(write_memory<Word>, wr, job.result_page, job.result_beats, XFBLAS_LAST_LINK);
  XFBLAS_DATAFLOW_END();
}

}  // namespace xfblas

extern "C" void streamKernel(const DdrWord* rd, DdrWord* wr) {
#pragma HLS INTERFACE m_axi port=rd offset=slave bundle=gmem0 latency=64 num_read_outstanding=32 max_read_burst_length=64
#pragma HLS INTERFACE m_axi port=wr offset=slave bundle=gmem1 latency=64 num_write_outstanding=32 max_write_burst_length=64
#pragma HLS INTERFACE s_axilite port=rd bundle=control
#pragma HLS INTERFACE s_axilite port=wr bundle=control
#pragma HLS INTERFACE s_axilite port=return bundle=control
  using namespace xfblas;
  XFBLAS_LAUNCH();
  XFBLAS_KEEP_ON_CHIP(wr + on_chip_page * DdrWord::in_page);
  const StreamJob job = fetch_job(rd);
  const StreamStatus status = check_job(job, network::layers, network::Layer1::load_beats,
                                        network::Layer1::input_beats, network::first_page,
                                        memory_limit(network::bank_pages));
  if (status == stream_ok) {
    spend(network::memory_latency);
    run_chain(rd, wr, job);
  }
  write_status(wr, status, launch_cycles());
}
