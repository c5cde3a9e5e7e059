// Between device memory and the chain: the host's beats to the first layer, records from the last.
#ifndef XFBLAS_STREAM_MOVE_HPP
#define XFBLAS_STREAM_MOVE_HPP

#include "beat.hpp"
#include "xfblas/instruction.hpp"

namespace xfblas {

// A word of device memory: as many beats as its port has.
template <int word_bytes>
struct WordOfBeats {
  static constexpr int beats = word_bytes / int(beat_bytes);
  static constexpr uint32_t in_page = page_bytes / uint32_t(word_bytes);
  Beat beat[beats];
};

template <class Word>
void read_memory(const Word* rd, uint32_t page, uint32_t count, stream<Beat>& link) {
  Word word = Word();
  const uint64_t start = uint64_t(page) * Word::in_page;
beats:
  for (uint32_t i = 0; i < count; ++i) {
#pragma HLS PIPELINE II=1
    if (i % Word::beats == 0) word = rd[start + i / Word::beats];
    link.write(word.beat[i % Word::beats]);
  }
}

template <class Word>
void write_memory(Word* wr, uint32_t page, uint32_t count, stream<Beat>& link) {
  Word word = Word();
  const uint64_t start = uint64_t(page) * Word::in_page;
beats:
  for (uint32_t i = 0; i < count; ++i) {
#pragma HLS PIPELINE II=1
    word.beat[i % Word::beats] = link.read();
    if (i % Word::beats == Word::beats - 1 || i == count - 1) wr[start + i / Word::beats] = word;
  }
}

// The job, a beat at a time, because a word of memory may be as narrow as that.
template <class Word>
StreamJob fetch_job(const Word* rd) {
  uint32_t fields[sizeof(StreamJob) / 4];
fields:
  for (uint32_t i = 0; i < sizeof(StreamJob) / 4; ++i) {
#pragma HLS PIPELINE II=1
    const uint32_t beat = i / uint32_t(beat_words);
    fields[i] = rd[beat / Word::beats].beat[beat % Word::beats].word[i % uint32_t(beat_words)];
  }
  StreamJob job;
  job.command = fields[0], job.layers = fields[1], job.rows = fields[2];
  job.source_page = fields[3], job.result_page = fields[4];
  job.source_beats = fields[5], job.result_beats = fields[6];
  job.memory_pages = fields[7];
  return job;
}

inline uint64_t end_page(uint32_t page, uint32_t beats) {
#pragma HLS INLINE
  return page + (uint64_t(beats) * beat_bytes + page_bytes - 1) / page_bytes;
}

// first_page: behind what is kept there for the kernel. load_beats: of all layers.
inline StreamStatus check_job(const StreamJob& job, uint32_t layers, uint32_t load_beats,
                              uint32_t row_beats, uint32_t first_page, uint32_t all_pages) {
#pragma HLS INLINE
  const uint32_t given = job.memory_pages;
  const uint32_t pages = given != 0 && given < all_pages ? given : all_pages;
  const bool loads = job.command == stream_load;
  if (!loads && job.command != stream_run) return stream_unknown_command;
  if (job.layers != layers) return stream_other_layers;
  const uint64_t expected = loads ? load_beats : layers + uint64_t(job.rows) * row_beats;
  if (job.source_beats != expected || (loads && job.result_beats != 0)) return stream_out_of_memory;
  if (job.source_page < first_page || end_page(job.source_page, job.source_beats) > pages)
    return stream_out_of_memory;
  if (job.result_beats > 0 &&
      (job.result_page < first_page || end_page(job.result_page, job.result_beats) > pages))
    return stream_out_of_memory;
  return stream_ok;
}

template <class Word>
void write_status(Word* wr, StreamStatus status, uint64_t cycles) {
#pragma HLS INLINE
  Word word = Word();
  word.beat[0].word[0] = status;
  word.beat[0].word[2] = uint32_t(cycles);
  word.beat[0].word[3] = uint32_t(cycles >> 32);
  wr[Word::in_page] = word;
}

}  // namespace xfblas

#endif
