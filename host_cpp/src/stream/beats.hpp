// How a network's numbers lie in the beats that its kernels take and give.
#ifndef XFBLAS_STREAM_BEATS_HPP
#define XFBLAS_STREAM_BEATS_HPP

#include <cstdint>
#include <vector>

#include "stream/stream_engine.hpp"
#include "xfblas/stream_job.hpp"

namespace xfblas {

// Bytes of so many elements in whole beats.
constexpr uint64_t beaten(uint64_t bytes) { return (bytes + beat_bytes - 1) / beat_bytes * beat_bytes; }

// What a layer's kernel keeps on chip, as hw/stream/layer_shape.hpp has it.
uint64_t on_chip_bytes(const StreamLayer& layer, uint32_t element_bytes);

// Appends an order, and a layer's weights and biases: block by block, group by group, `fold` inputs
// for each lane, what is beyond the layer's sizes as zeros.
void append_order(const StreamOrder& order, std::vector<char>& beats);
void append_payload(const StreamLayer& layer, const StreamPayload& payload, uint32_t element_bytes,
                    std::vector<char>& beats);

// Copies one layer's part of a row's record to where its s and x go; returns its end.
const char* take_record(const char* record, uint64_t row_bytes, uint64_t row,
                        const StreamResult& result);

}  // namespace xfblas

#endif
