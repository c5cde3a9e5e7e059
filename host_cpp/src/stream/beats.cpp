#include "stream/beats.hpp"

#include <algorithm>
#include <cstring>

namespace xfblas {

uint64_t on_chip_bytes(const StreamLayer& layer, uint32_t element_bytes) {
  const uint64_t weights =
      uint64_t(layer.blocks()) * layer.groups() * layer.lanes * layer.fold * element_bytes;
  const uint64_t biases = uint64_t(4) * layer.groups() * layer.lanes;
  return ((weights + 3) / 4 * 4 + biases + 63) / 64 * 64;
}

void append_order(const StreamOrder& order, std::vector<char>& beats) {
  const auto* bytes = reinterpret_cast<const char*>(&order);
  beats.insert(beats.end(), bytes, bytes + sizeof order);
}

void append_payload(const StreamLayer& layer, const StreamPayload& payload, uint32_t element_bytes,
                    std::vector<char>& beats) {
  const auto* from = static_cast<const char*>(payload.weights);
  const auto word = beaten(uint64_t(layer.lanes) * layer.fold * element_bytes);
  const auto words = uint64_t(layer.blocks()) * layer.groups();
  const auto biases = beaten(uint64_t(4) * layer.groups() * layer.lanes);
  const auto start = beats.size();
  beats.resize(start + words * word + biases);
  char* to = beats.data() + start;
  for (uint32_t block = 0; block < layer.blocks(); ++block)
    for (uint32_t group = 0; group < layer.groups(); ++group, to += word)
      for (uint32_t lane = 0; lane < layer.lanes; ++lane) {
        const auto output = uint64_t(group) * layer.lanes + lane;
        if (output >= layer.outputs) break;
        for (uint32_t i = 0; i < layer.fold; ++i) {
          const auto input = uint64_t(block) * layer.fold + i;
          if (input >= layer.inputs) break;
          std::memcpy(to + (uint64_t(lane) * layer.fold + i) * element_bytes,
                      from + (input * layer.outputs + output) * element_bytes, element_bytes);
        }
      }
  std::memcpy(to, payload.biases, uint64_t(4) * layer.outputs);
}

const char* take_record(const char* record, uint64_t row_bytes, uint64_t row,
                        const StreamResult& result) {
  for (auto* place : {result.sums, result.activations}) {
    if (!place) continue;
    std::memcpy(static_cast<char*>(place) + row * row_bytes, record, row_bytes);
    record += beaten(row_bytes);
  }
  return record;
}

}  // namespace xfblas
