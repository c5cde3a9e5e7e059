// What host and streaming kernel exchange: a job in page 0, its status in page 1, beats elsewhere.
//
//   page 0            the job
//   page 1            its result
//   from page 2 on    on this CPU what hardware keeps on chip: a library has no state of its own
//   source page       load: for each layer its order, weights and biases
//                     run:  an order for each layer, then the rows
//   result page       run:  for each row a record: of the last layer first, s and then x, where the
//                     order routes them
//
// Everything is a stream of beats of 16 bytes; a row, an s and an x are padded to whole beats.
#ifndef XFBLAS_STREAM_JOB_HPP
#define XFBLAS_STREAM_JOB_HPP

#include <stdint.h>

namespace xfblas {

constexpr uint32_t beat_bytes = 16;
constexpr uint32_t on_chip_page = 2;

enum StreamCommand : uint32_t { stream_load = 1, stream_run = 2 };

enum StreamRoute : uint32_t { route_sums = 1, route_activations = 2 };

enum class StreamFunction { linear, relu, tanh, sigmoid };

enum StreamStatus : uint32_t {
  stream_ok = 0,
  stream_unknown_command = 1,
  stream_other_layers = 2,   // the job is for a network of another number of layers
  stream_out_of_memory = 3,  // it reads or writes beyond the unit's memory
};

struct StreamJob {
  uint32_t command, layers, rows;
  uint32_t source_page, result_page;
  uint32_t source_beats, result_beats;
  uint32_t memory_pages;  // of the unit; 0 leaves the platform's
};

struct StreamStamp {
  uint32_t status, reserved;
  uint64_t cycles;  // of the simulation; hardware writes 0
};

// One beat in front of what is for a layer.
struct StreamOrder {
  uint32_t command_and_routes;  // command | routes << 8
  uint32_t rows;
  uint32_t formats;        // shift | fraction bits of s << 8 | of x << 16; integers only
  uint32_t earlier_beats;  // of a row's record that earlier layers make
};

static_assert(sizeof(StreamJob) == 2 * beat_bytes, "a job is two beats");
static_assert(sizeof(StreamStamp) == beat_bytes, "a result is a beat");
static_assert(sizeof(StreamOrder) == beat_bytes, "an order is a beat");

}  // namespace xfblas

#endif
