// A streaming network on this CPU: float layers by the native kernels' own function in the order
// of the network's kernels, integers by the Fcn engine, whose sums are exact.
#include <algorithm>
#include <cstring>
#include <vector>

#include "error.hpp"
#include "native/native.hpp"
#include "stream/stream_engine.hpp"
#include "xfblas/activation.hpp"
#include "xfblas/instruction.hpp"

namespace xfblas {
namespace {

constexpr uint32_t unit = 0;
constexpr int64_t rows_of_task = 64;

int64_t whole(int64_t size, int64_t part) { return (size + part - 1) / part * part; }

class FloatEngine : public StreamEngine {
 public:
  explicit FloatEngine(const Configuration& configuration) : layers_(configuration.stream_layers) {}

  void load(const std::vector<StreamPayload>& payloads) override {
    std::vector<Loaded> loaded;
    for (size_t i = 0; i < layers_.size(); ++i) loaded.push_back(prepare(layers_[i], payloads[i]));
    loaded_ = std::move(loaded);
  }

  void run(const void* rows, uint64_t count, const std::vector<StreamResult>& results) override {
    const auto* x = static_cast<const float*>(rows);
    const auto tasks = int64_t(count + rows_of_task - 1) / rows_of_task;
    ThreadPool::shared().run(tasks, [&](int64_t task) {
      const auto first = task * rows_of_task;
      run_rows(x, first, std::min<int64_t>(rows_of_task, int64_t(count) - first), results);
    });
  }

 private:
  struct Loaded {
    FloatStreamLayer layer;
    std::vector<float> weights, biases;
  };

  static Loaded prepare(const StreamLayer& layer, const StreamPayload& payload) {
    const int64_t inputs = layer.inputs, outputs = layer.outputs;
    const auto padded_inputs = whole(inputs, layer.fold);
    const auto padded_outputs = whole(outputs, FloatStreamLayer::padding);
    Loaded loaded;
    loaded.weights.resize(size_t(padded_inputs * padded_outputs));
    loaded.biases.resize(size_t(padded_outputs));
    const auto* from = static_cast<const float*>(payload.weights);
    for (int64_t i = 0; i < inputs; ++i)
      std::copy_n(from + i * outputs, outputs, loaded.weights.data() + i * padded_outputs);
    std::copy_n(static_cast<const float*>(payload.biases), outputs, loaded.biases.data());
    loaded.layer = {inputs,         outputs,        layer.fold,
                    padded_inputs,  padded_outputs, layer.function,
                    loaded.weights.data(), loaded.biases.data()};
    return loaded;
  }

  void run_rows(const float* x, int64_t first, int64_t count,
                const std::vector<StreamResult>& results) const {
    std::vector<float> from, to;
    const auto& front = loaded_.front().layer;
    fill(from, front, x + first * front.inputs, front.inputs, count);
    for (size_t i = 0; i < loaded_.size(); ++i) {
      const auto& layer = loaded_[i].layer;
      to.resize(size_t(count * layer.padded_outputs));
      const auto place = [&](void* all) {
        return all ? static_cast<float*>(all) + first * layer.outputs : nullptr;
      };
      kernels().stream_layer(layer, from.data(), count, place(results[i].sums), to.data());
      if (float* found = place(results[i].activations))
        for (int64_t row = 0; row < count; ++row)
          std::copy_n(to.data() + row * layer.padded_outputs, layer.outputs,
                      found + row * layer.outputs);
      if (i + 1 < loaded_.size())
        fill(from, loaded_[i + 1].layer, to.data(), layer.padded_outputs, count);
    }
  }

  // Rows as a layer takes them: as many zeros behind each as fill its last block.
  static void fill(std::vector<float>& rows, const FloatStreamLayer& layer, const float* x,
                   int64_t step, int64_t count) {
    rows.assign(size_t(count * layer.padded_inputs), 0.0f);
    for (int64_t row = 0; row < count; ++row)
      std::copy_n(x + row * step, layer.inputs, rows.data() + row * layer.padded_inputs);
  }

  const std::vector<StreamLayer> layers_;
  std::vector<Loaded> loaded_;
};

class IntegerEngine : public StreamEngine {
 public:
  IntegerEngine(Target& target, const Configuration& configuration)
      : target_(target), layers_(configuration.stream_layers) {}

  void load(const std::vector<StreamPayload>& payloads) override {
    std::vector<Loaded> loaded;
    uint64_t page = first_matrix_page;
    const auto put = [&](const void* from, uint64_t bytes) {
      const auto place = uint32_t(page);
      page += (bytes + page_bytes - 1) / page_bytes;
      require(page <= target_.pages(unit), XFBLAS_STATUS_ALLOC_FAILED,
              "the weights need more than the ", target_.pages(unit),
              " pages of the compute unit's memory");
      target_.reserve(unit, page * page_bytes);
      target_.write(unit, uint64_t(place) * page_bytes, from, one_piece(bytes));
      return place;
    };
    for (size_t i = 0; i < layers_.size(); ++i) {
      const auto& layer = layers_[i];
      const auto& payload = payloads[i];
      Instruction words{};
      words.opcode = opcode_fcn;
      words.b = put(payload.weights, uint64_t(2) * layer.inputs * layer.outputs);
      words.x = put(payload.biases, uint64_t(4) * layer.outputs);
      words.k = layer.inputs, words.n = layer.outputs;
      words.lda = layer.inputs;
      words.ldb = words.ldc = words.ldx = layer.outputs;
      words.post = pack_post(1, payload.format.shift);
      words.prelu = pack_prelu(1, 0);
      words.flags = flag_round | flag_saturate | flag_bias_row;
      loaded.push_back({words, table_of(layer.function, payload.format)});
    }
    loaded_ = std::move(loaded);
  }

  void run(const void* rows, uint64_t count, const std::vector<StreamResult>& results) override {
    constexpr uint64_t at_once = 4096;
    std::vector<int16_t> from, to;
    for (uint64_t first = 0; first < count; first += at_once) {
      const auto now = std::min(at_once, count - first);
      const auto* x = static_cast<const int16_t*>(rows) + first * layers_.front().inputs;
      for (size_t i = 0; i < layers_.size(); ++i) {
        const auto size = size_t(now * layers_[i].outputs);
        to.resize(size);
        HostProduct product{loaded_[i].words, x, nullptr, to.data()};
        product.instruction.m = uint32_t(now);
        target_.multiply(unit, product);
        copy_to(results[i].sums, first, layers_[i], to);
        activate(loaded_[i].table, to);
        copy_to(results[i].activations, first, layers_[i], to);
        from.swap(to);
        x = from.data();
      }
    }
  }

 private:
  struct Loaded {
    Instruction words;
    std::vector<int16_t> table;  // x of every s; empty where it is s
  };

  static std::vector<int16_t> table_of(StreamFunction function, const StreamFormat& format) {
    if (function == StreamFunction::linear) return {};
    std::vector<int16_t> table(65536);
    const int input = int(format.sum_bits), output = int(format.activation_bits);
    for (int32_t s = -32768; s < 32768; ++s)
      table[uint16_t(s)] = int16_t(
          function == StreamFunction::relu
              ? std::max(s, 0)
              : fixed_activation<16>(s, function == StreamFunction::sigmoid, input, output));
    return table;
  }

  static void activate(const std::vector<int16_t>& table, std::vector<int16_t>& values) {
    if (table.empty()) return;
    constexpr int64_t part = 1 << 15;
    const auto size = int64_t(values.size());
    ThreadPool::shared().run((size + part - 1) / part, [&](int64_t task) {
      const auto end = std::min(size, (task + 1) * part);
      for (auto i = task * part; i < end; ++i) values[size_t(i)] = table[uint16_t(values[size_t(i)])];
    });
  }

  static void copy_to(void* place, uint64_t first, const StreamLayer& layer,
                      const std::vector<int16_t>& values) {
    if (place)
      std::copy(values.begin(), values.end(),
                static_cast<int16_t*>(place) + first * layer.outputs);
  }

  Target& target_;
  const std::vector<StreamLayer> layers_;
  std::vector<Loaded> loaded_;
};

}  // namespace

std::unique_ptr<StreamEngine> make_native_engine(Target& target,
                                                 const Configuration& configuration) {
  if (configuration.data_type == DataType::float32)
    return std::make_unique<FloatEngine>(configuration);
  return std::make_unique<IntegerEngine>(target, configuration);
}

}  // namespace xfblas
