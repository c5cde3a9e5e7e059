#include "stream/stream.hpp"

#include <string>

#include "error.hpp"
#include "memory/memory.hpp"

namespace xfblas {
namespace {

constexpr auto invalid = XFBLAS_STATUS_INVALID_VALUE;

std::string text_of(const uint32_t* sizes, size_t count) {
  std::string text;
  for (size_t i = 0; i < count; ++i) text += (i ? ", " : "") + std::to_string(sizes[i]);
  return text;
}

void require_array(const std::string& name, const void* data, uint64_t elements, uint64_t bytes) {
  require(data != nullptr, invalid, name, " is NULL, expected ", elements, " elements");
  require(reinterpret_cast<uintptr_t>(data) % bytes == 0, invalid, name, " is ", data,
          ", which is no multiple of its elements' ", bytes, " bytes");
  require_there(name.c_str(), data, elements * bytes);
}

}  // namespace

void Stream::require_sizes(const StreamWeights& given) const {
  require(given.sizes != nullptr && given.weights != nullptr && given.biases != nullptr, invalid,
          "sizes, weights or biases is NULL, expected an array of them");
  std::vector<uint32_t> expected{layers().front().inputs};
  for (const auto& layer : layers()) expected.push_back(layer.outputs);
  const bool fits = given.size_count == expected.size() &&
                    std::equal(expected.begin(), expected.end(), given.sizes);
  require(fits, invalid, "the weights are of layers ",
          text_of(given.sizes, std::min<size_t>(given.size_count, 65)), ", but the image has ",
          text_of(expected.data(), expected.size()));
}

StreamFormat Stream::format_of(uint32_t layer, const StreamWeights& given) const {
  if (configuration_.data_type == DataType::float32) return {};
  require(given.formats != nullptr, invalid,
          "formats is NULL, expected one for each layer of an image of integers");
  const auto& format = given.formats[layer];
  require(format.shift <= 47, invalid, "shift of layer ", layer + 1, " is ", format.shift,
          ", expected 0 to 47");
  require(format.sumBits <= 15 && format.activationBits <= 15, invalid,
          "the fraction bits of layer ", layer + 1, " are ", format.sumBits, " and ",
          format.activationBits, ", expected 0 to 15");
  return {format.shift, format.sumBits, format.activationBits};
}

void Stream::load(const StreamWeights& given) {
  const std::lock_guard<std::mutex> lock(mutex_);
  require_sizes(given);
  const auto element = configuration_.element_bytes();
  std::vector<StreamPayload> payloads;
  for (uint32_t i = 0; i < layers().size(); ++i) {
    const auto& layer = layers()[i];
    const auto number = " of layer " + std::to_string(i + 1);
    require_array("weights" + number, given.weights[i], uint64_t(layer.inputs) * layer.outputs,
                  element);
    require_array("biases" + number, given.biases[i], layer.outputs, 4);
    payloads.push_back({given.weights[i], given.biases[i], format_of(i, given)});
  }
  is_loaded_ = false;  // what fails from here on may leave anything on chip
  engine_->load(payloads);
  is_loaded_ = true;
}

void Stream::run(const void* rows, uint64_t count, uint32_t columns, void* const* sums,
                 void* const* activations) {
  const std::lock_guard<std::mutex> lock(mutex_);
  require(is_loaded_, XFBLAS_STATUS_NOT_INITIALIZED,
          "the image's weights were never loaded: call xfblasStreamLoad first");
  const auto inputs = layers().front().inputs;
  require(columns == inputs, invalid, "the rows have ", columns, " columns, but the image takes ",
          inputs);
  require(sums != nullptr && activations != nullptr, invalid,
          "sums or activations is NULL, expected an array with a place or NULL for each layer");
  const auto element = configuration_.element_bytes();
  require(count < (uint64_t(1) << 40), invalid, "count is ", count, ", which no memory holds");
  std::vector<StreamResult> results;
  bool is_wanted = false;
  for (uint32_t i = 0; i < layers().size(); ++i) {
    const auto& layer = layers()[i];
    const auto number = std::to_string(i + 1);
    require(!sums[i] || layer.routes & route_sums, XFBLAS_STATUS_NOT_SUPPORTED, "the image was ",
            "built without the output s", number, ": build it with OUTPUTS= that names it");
    require(!activations[i] || layer.routes & route_activations, XFBLAS_STATUS_NOT_SUPPORTED,
            "the image was built without the output x", number,
            ": build it with OUTPUTS= that names it");
    if (count > 0 && sums[i]) require_array("s" + number, sums[i], count * layer.outputs, element);
    if (count > 0 && activations[i])
      require_array("x" + number, activations[i], count * layer.outputs, element);
    is_wanted = is_wanted || sums[i] || activations[i];
    results.push_back({sums[i], activations[i]});
  }
  require(is_wanted, invalid, "no output is wanted, expected a place for one or more");
  if (count == 0) return;
  require_array("rows", rows, count * inputs, element);
  engine_->run(rows, count, results);
}

void Stream::unload() {
  const std::lock_guard<std::mutex> lock(mutex_);
  is_loaded_ = false;
}

}  // namespace xfblas
