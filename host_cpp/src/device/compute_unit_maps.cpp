// Steps over feature maps: queued one by one, or a model's on frames of floats in one call.
#include <algorithm>
#include <limits>
#include <optional>
#include <vector>

#include "device/compute_unit.hpp"
#include "error.hpp"
#include "native/native.hpp"

namespace xfblas {
namespace {

constexpr auto invalid = XFBLAS_STATUS_INVALID_VALUE;

Rows pixel_rows(uint64_t pixels, const ComputeUnit::MapView& view, int64_t element) {
  const auto bytes = uint64_t(view.channels * element), step = uint64_t(view.pixel * element);
  return step == bytes ? one_piece(pixels * bytes) : Rows{pixels, bytes, bytes, step};
}

template <typename Element>
int64_t count_ends(const std::vector<char>& bytes) {
  using Ends = std::numeric_limits<Element>;
  const auto* first = reinterpret_cast<const Element*>(bytes.data());
  return std::count_if(first, first + bytes.size() / sizeof(Element), [](Element element) {
    return element == Ends::min() || element == Ends::max();
  });
}

}  // namespace

MapOperations ComputeUnit::operations_of(const MapStep& step, const MapNames& names) const {
  const auto found = [&](const char* role, const void* name) {
    return name ? &matrices_.find(role, name) : nullptr;
  };
  return map_maker_.step(step, {&matrices_.find("A", names.a), found("B", names.b),
                                &matrices_.find("C", names.c), found("X", names.x),
                                found("T", names.table)});
}

void ComputeUnit::walk(const MapStep& step, const MapNames& names) {
  const auto lock = idle();
  map_maker_.require_maps();
  const auto operations = operations_of(step, names);
  drop_void();
  queue_.append(operations);
}

const DeviceMatrix& ComputeUnit::matrix_of(const char* name, const MapView& view,
                                           int64_t frames) const {
  const auto& matrix = matrices_.find(name, view.matrix);
  const auto element = configuration_.element_bytes();
  require(view.pixels > 0 && view.channels > 0, invalid, name, " has ", view.pixels, " pixels of ",
          view.channels, " channels, expected 1 or more");
  require(view.first >= 0 && view.pixel >= view.channels, invalid, name, ".first is ", view.first,
          " and .pixel ", view.pixel, ", expected 0 and ", view.channels, " or more");
  const auto end = uint64_t(view.first) +
                   (uint64_t(frames) * uint64_t(view.pixels) - 1) * uint64_t(view.pixel) +
                   uint64_t(view.channels);
  require(matrix.element_bytes == element && end <= matrix.bytes / element, invalid, name, " has ",
          matrix.bytes / matrix.element_bytes, " elements of ", matrix.element_bytes,
          " bytes, but ", frames, " frames need ", end, " of ", element, " bytes");
  return matrix;
}

void ComputeUnit::predict_maps(ForwardPass pass, uint64_t frames, const MapView& input,
                               const std::vector<std::pair<MapStep, MapNames>>& steps,
                               const MapView& output) {
  const auto lock = idle();
  report_failure();
  map_maker_.require_maps();
  require(!steps.empty(), invalid, "numSteps is 0, expected 1 or more");
  const auto capacity = steps.front().first.walk.frames;
  std::vector<Operation> program;
  for (const auto& [step, names] : steps) {
    require(step.walk.frames == capacity, invalid, "frames is ", step.walk.frames, ", expected ",
            capacity, " as the first step has");
    for (const auto& operation : operations_of(step, names)) program.push_back(operation);
  }
  const auto& first = matrix_of("source", input, capacity);
  const auto& last = matrix_of("result", output, capacity);
  if (frames == 0) return;
  require(frames <= uint64_t(INT64_MAX) / uint64_t(std::max(input.pixels, output.pixels)), invalid,
          "frames is ", frames, ", which no memory holds");
  pass.elements = uint64_t(input.channels);
  const auto element = int64_t(configuration_.element_bytes());
  pass.rows = frames * uint64_t(input.pixels);
  require_consistent(pass, uint64_t(output.channels), uint32_t(element),
                     frames * uint64_t(output.pixels));
  NearScales near(pass.input_coding);
  pass.near = near.coding();
  run_queued();
  clear_blank();
  auto& timeline = *pass.timeline;
  std::vector<char> rows;
  for (uint64_t done = 0; done < frames;) {
    const auto taken = std::min(uint64_t(capacity), frames - done);
    const auto pixels = taken * uint64_t(input.pixels), found = taken * uint64_t(output.pixels);
    rows.resize(size_t(pixels * uint64_t(input.channels * element)));
    const auto time = [&](int part, const auto& body) { timeline.time(part, done, taken, body); };
    time(XFBLAS_PART_ENCODE, [&] {
      quantize_rows(pass, done * uint64_t(input.pixels), pixels, int(element), rows.data(),
                    uint64_t(input.channels * element));
    });
    time(XFBLAS_PART_WRITE, [&] {
      target_.write(index_, uint64_t(first.page) * page_bytes + uint64_t(input.first * element),
                    rows.data(), pixel_rows(pixels, input, element));
    });
    auto part = program;
    for (auto& operation : part)
      if (operation.instruction.opcode != opcode_map)
        operation.instruction.m = uint32_t(operation.instruction.m / uint64_t(capacity) * taken);
    if (timeline.is_wanted())
      run_timed(steps, part, timeline, done, taken);
    else
      launcher_.run(part);
    rows.resize(size_t(found * uint64_t(output.channels * element)));
    time(XFBLAS_PART_READ, [&] {
      target_.read(index_, uint64_t(last.page) * page_bytes + uint64_t(output.first * element),
                   rows.data(), pixel_rows(found, output, element));
    });
    time(XFBLAS_PART_DECODE, [&] {
      dequantize_rows(pass, done * uint64_t(output.pixels), found, int(element), rows.data(),
                      uint64_t(output.channels * element));
    });
    done += taken;
  }
}

void ComputeUnit::run_timed(const std::vector<std::pair<MapStep, MapNames>>& steps,
                            const std::vector<Operation>& program, Timeline& timeline,
                            uint64_t first, uint64_t frames) {
  for (size_t i = 0; i < steps.size(); ++i) {
    const auto start = Timeline::now();
    launcher_.run({program[2 * i], program[2 * i + 1]});
    const auto end = Timeline::now();
    const auto& [step, names] = steps[i];
    timeline.add(int(i), first, frames, start, end, at_ends(step, names, frames));
  }
}

int64_t ComputeUnit::at_ends(const MapStep& step, const MapNames& names, uint64_t frames) const {
  const auto element = int64_t(configuration_.element_bytes());
  const auto base = uint64_t(matrices_.find("C", names.c).page) * page_bytes;
  const auto& walk = step.walk;
  const MapView row{names.c, 0, walk.pixel_c, walk.out_columns, step.n};
  std::vector<char> bytes(size_t(walk.out_columns * step.n * element));
  int64_t count = 0;
  for (int64_t frame = 0; frame < int64_t(frames); ++frame)
    for (int64_t y = 0; y < walk.out_rows; ++y) {
      const auto at = walk.first_c + frame * walk.frame_c + y * walk.row_c;
      target_.read(index_, base + uint64_t(at * element), bytes.data(),
                   pixel_rows(uint64_t(walk.out_columns), row, element));
      count += element == 1 ? count_ends<int8_t>(bytes) : count_ends<int16_t>(bytes);
    }
  return count;
}

}  // namespace xfblas
