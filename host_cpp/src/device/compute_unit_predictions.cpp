// The layers of a model on host rows, in one call.
#include <algorithm>
#include <optional>
#include <vector>

#include "device/compute_unit.hpp"
#include "error.hpp"
#include "native/native.hpp"

namespace xfblas {
namespace {

constexpr auto invalid = XFBLAS_STATUS_INVALID_VALUE;

// Fewer do not pay for the coding in single precision.
constexpr uint64_t fewest_near_rows = 4;

}  // namespace

void ComputeUnit::forward(ForwardPass pass, const void* a, const std::vector<Layer>& layers,
                          const Softmax* softmax, const void* probabilities) {
  const auto lock = idle();
  report_failure();
  maker_.require_engine(Engine::fcn);
  require(configuration_.data_type != DataType::float32, XFBLAS_STATUS_NOT_SUPPORTED,
          "the image computes with float32, expected integers: they are what scales are for");
  require(!layers.empty(), invalid, "numLayers is 0, expected 1 or more");
  const auto& first = matrices_.find("d_A", a);
  const auto* input = &first;
  const auto rows = std::min<int64_t>(first.rows, std::max<int64_t>(1, int64_t(pass.rows)));
  auto k = int64_t(first.columns);
  pass.layers.reserve(layers.size());
  for (const auto& layer : layers) {
    const Matrices matrices{input, &matrices_.find("B", layer.b), &matrices_.find("C", layer.c),
                            layer.x ? &matrices_.find("X", layer.x) : nullptr,
                            layer.table ? &matrices_.find("T", layer.table) : nullptr};
    const Sizes sizes{rows, k, layer.columns, k, layer.columns, layer.columns, layer.columns};
    pass.layers.push_back(maker_.product(sizes, matrices, layer.epilogue).instruction);
    input = matrices.c;
    k = layer.columns;
  }
  if (softmax) {
    const Matrices matrices{input, &matrices_.find("parameters", softmax->parameters),
                            &matrices_.find("probabilities", probabilities), nullptr};
    const auto classes = softmax->classes;
    pass.softmax =
        maker_.softmax(rows, k, classes, k, classes, matrices, softmax->fields).instruction;
    input = matrices.c;
    k = classes;
  }
  pass.elements = uint64_t(first.columns);
  if (pass.rows == 0) return;
  require_consistent(pass, uint64_t(k), configuration_.element_bytes());
  std::optional<NearScales> near;
  if (pass.rows >= fewest_near_rows) pass.near = near.emplace(pass.input_coding).coding();
  run_queued();
  clear_blank();
  if (target_.forward(index_, pass)) return;
  forward_by_programs(pass, rows, first, *input);
}

void ComputeUnit::forward_by_programs(const ForwardPass& pass, int64_t capacity,
                                      const DeviceMatrix& first, const DeviceMatrix& last) {
  const auto element = int(configuration_.element_bytes());
  const auto k = int64_t(first.columns), n = int64_t(last.columns);
  auto& timeline = *pass.timeline;
  std::vector<char> rows_in(size_t(capacity * k * element)),
      rows_out(size_t(capacity * n * element));
  for (uint64_t done = 0; done < pass.rows;) {
    const auto rows = std::min(uint64_t(capacity), pass.rows - done);
    const auto time = [&](int part, const auto& body) { timeline.time(part, done, rows, body); };
    time(XFBLAS_PART_ENCODE, [&] {
      quantize_rows(pass, done, rows, element, rows_in.data(), uint64_t(k * element));
    });
    time(XFBLAS_PART_WRITE, [&] {
      transfer_.write(first, host_matrix(rows_in.data(), int64_t(rows), k, k, element));
    });
    std::vector<Operation> program;
    for (auto layer : pass.layers) {
      layer.m = uint32_t(rounded_up(int64_t(rows), configuration_.m_step()));
      program.push_back({layer, {}});
    }
    if (pass.softmax.opcode == opcode_softmax) {
      program.push_back({pass.softmax, {}});
      program.back().instruction.m = uint32_t(rows);
    }
    const auto start = Timeline::now();
    time(XFBLAS_PART_RUN, [&] { launcher_.run(program); });
    if (timeline.is_wanted()) time_instructions(timeline, done, rows, start, program.size());
    time(XFBLAS_PART_READ, [&] {
      transfer_.read(last, host_matrix(nullptr, int64_t(rows), n, n, element), rows_out.data());
    });
    time(XFBLAS_PART_DECODE, [&] {
      dequantize_rows(pass, done, rows, element, rows_out.data(), uint64_t(n * element));
    });
    done += rows;
  }
}

// The card counts cycles of a clock of its own. Stamps are placed within the time that the host saw,
// whose two ends are those of the first and the last one.
void ComputeUnit::time_instructions(Timeline& timeline, uint64_t first, uint64_t rows,
                                    uint64_t start, size_t instructions) {
  const auto end = Timeline::now();
  if (instructions >= configuration_.instructions_per_launch) return;  // several launches
  const auto stamps = last_stamps(uint32_t(instructions));
  const auto zero = stamps.front(), cycles = stamps.back() - zero;
  if (stamps.back() <= zero) return;  // the image tells no sizes
  const auto place = [&](unsigned long long stamp) {
    return start + uint64_t(double(stamp - zero) / double(cycles) * double(end - start));
  };
  for (size_t i = 0; i < instructions; ++i)
    timeline.add(int(i), first, rows, place(stamps[2 * i]), place(stamps[2 * i + 1]));
}

}  // namespace xfblas
