// A streaming network on its kernels: jobs in page 0, beats in the memory behind what they keep.
#include <algorithm>
#include <vector>

#include "error.hpp"
#include "stream/beats.hpp"
#include "stream/stream_engine.hpp"
#include "xfblas/instruction.hpp"

namespace xfblas {
namespace {

constexpr uint32_t unit = 0;
// Rows of a launch: more gain nothing, and cost memory on both sides.
constexpr uint64_t launch_bytes = 32 << 20;

const char* meaning_of(uint32_t status) {
  switch (status) {
    case stream_unknown_command: return "the kernel does not know this command";
    case stream_other_layers: return "the kernel has another number of layers";
    case stream_out_of_memory: return "a job lies outside the compute unit's memory";
    default: return "the kernel gave a status that this library does not know";
  }
}

uint32_t pages_of(uint64_t bytes) { return uint32_t((bytes + page_bytes - 1) / page_bytes); }

class KernelEngine : public StreamEngine {
 public:
  KernelEngine(Target& target, const Configuration& configuration)
      : target_(target), layers_(configuration.stream_layers),
        element_(configuration.element_bytes()) {
    uint64_t kept = 0;
    for (const auto& layer : layers_) kept += on_chip_bytes(layer, element_);
    first_page_ = on_chip_page + pages_of(kept);
    target_.reserve(unit, uint64_t(first_page_) * page_bytes);
  }

  void load(const std::vector<StreamPayload>& payloads) override {
    formats_.clear();
    std::vector<char> beats;
    for (size_t i = 0; i < layers_.size(); ++i) {
      formats_.push_back(payloads[i].format);
      append_order(order(i, stream_load, 0, 0, 0), beats);
      append_payload(layers_[i], payloads[i], element_, beats);
    }
    require_room(beats.size());
    send(beats.data(), beats.size(), 0);
    launch({stream_load, uint32_t(layers_.size()), 0, first_page_, 0,
            uint32_t(beats.size() / beat_bytes), 0, target_.pages(unit)});
  }

  void run(const void* rows, uint64_t count, const std::vector<StreamResult>& results) override {
    const auto bytes = uint64_t(layers_.front().inputs) * element_;
    const auto in = beaten(bytes);
    uint64_t out = 0;
    for (size_t i = 0; i < layers_.size(); ++i) out += record_bytes(i, results[i]);
    const auto orders = layers_.size() * beat_bytes;
    const auto room = uint64_t(target_.pages(unit) - first_page_) * page_bytes;
    require_room(orders + in + out + 2 * page_bytes);
    const auto fits = (std::min(room, launch_bytes) - orders - 2 * page_bytes) / (in + out);
    const auto most = std::max<uint64_t>(1, std::min<uint64_t>(fits, UINT32_MAX));
    std::vector<char> records;
    for (uint64_t first = 0; first < count; first += most) {
      const auto now = std::min(most, count - first);
      std::vector<char> beats;
      uint64_t earlier = 0;
      for (size_t i = 0; i < layers_.size(); ++i) {
        append_order(order(i, stream_run, now, routes_of(results[i]), earlier), beats);
        earlier += record_bytes(i, results[i]);
      }
      const auto source = beats.size() + now * in;
      const auto result_page = first_page_ + pages_of(source);
      target_.reserve(unit, uint64_t(result_page) * page_bytes + now * out + page_bytes);
      target_.write(unit, uint64_t(first_page_) * page_bytes, beats.data(),
                    one_piece(beats.size()));
      const auto* from = static_cast<const char*>(rows) + first * bytes;
      target_.write(unit, uint64_t(first_page_) * page_bytes + beats.size(), from,
                    Rows{now, bytes, bytes, in, in > bytes});
      launch({stream_run, uint32_t(layers_.size()), uint32_t(now), first_page_, result_page,
              uint32_t(source / beat_bytes), uint32_t(now * out / beat_bytes),
              target_.pages(unit)});
      records.resize(now * out);
      target_.read(unit, uint64_t(result_page) * page_bytes, records.data(),
                   one_piece(records.size()));
      take(records.data(), first, now, results);
    }
  }

 private:
  static uint32_t routes_of(const StreamResult& result) {
    return (result.sums ? route_sums : 0u) | (result.activations ? route_activations : 0u);
  }

  uint64_t record_bytes(size_t layer, const StreamResult& result) const {
    const auto parts = uint64_t(result.sums != nullptr) + (result.activations != nullptr);
    return parts * beaten(uint64_t(layers_[layer].outputs) * element_);
  }

  StreamOrder order(size_t layer, StreamCommand command, uint64_t rows, uint32_t routes,
                    uint64_t earlier_bytes) const {
    const auto& format = formats_[layer];
    return {uint32_t(command) | routes << 8, uint32_t(rows),
            format.shift | format.sum_bits << 8 | format.activation_bits << 16,
            uint32_t(earlier_bytes / beat_bytes)};
  }

  void require_room(uint64_t bytes) const {
    const auto pages = target_.pages(unit);
    require(first_page_ < pages && bytes <= uint64_t(pages - first_page_) * page_bytes,
            XFBLAS_STATUS_ALLOC_FAILED, "the network needs ", bytes,
            " bytes of the compute unit's memory at once, which has ", pages, " pages of ",
            page_bytes, " bytes, ", first_page_, " of them taken");
  }

  void send(const char* bytes, uint64_t size, uint64_t offset) {
    const auto place = uint64_t(first_page_) * page_bytes + offset;
    target_.reserve(unit, place + size);
    target_.write(unit, place, bytes, one_piece(size));
  }

  void launch(const StreamJob& job) {
    target_.write(unit, instruction_page * page_bytes, &job, one_piece(sizeof job));
    target_.run(unit);
    StreamStamp result{};
    target_.read(unit, result_page * page_bytes, &result, one_piece(sizeof result));
    require(result.status == stream_ok, XFBLAS_STATUS_EXECUTION_FAILED,
            "the streaming kernel refused a job: ", meaning_of(result.status));
  }

  // The last layer's part of a record comes first.
  void take(const char* record, uint64_t first, uint64_t count,
            const std::vector<StreamResult>& results) const {
    for (uint64_t row = first; row < first + count; ++row)
      for (size_t i = layers_.size(); i-- > 0;)
        record = take_record(record, uint64_t(layers_[i].outputs) * element_, row, results[i]);
  }

  Target& target_;
  const std::vector<StreamLayer> layers_;
  const uint32_t element_;
  uint32_t first_page_;
  std::vector<StreamFormat> formats_;
};

}  // namespace

std::unique_ptr<StreamEngine> make_kernel_engine(Target& target,
                                                 const Configuration& configuration) {
  return std::make_unique<KernelEngine>(target, configuration);
}

}  // namespace xfblas
