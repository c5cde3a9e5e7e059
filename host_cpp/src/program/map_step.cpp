#include "program/map_step.hpp"

#include <initializer_list>
#include <utility>

#include "error.hpp"
#include "xfblas/entry_table.hpp"

namespace xfblas {
namespace {

constexpr auto invalid = XFBLAS_STATUS_INVALID_VALUE;
constexpr int64_t most_of_half = 65535, most_of_word = UINT32_MAX;

void require_between(const char* name, int64_t value, int64_t low, int64_t high) {
  require(value >= low && value <= high, invalid, name, " is ", value, ", expected ", low, " to ",
          high);
}

void require_all_between(std::initializer_list<std::pair<const char*, int64_t>> values, int64_t low,
                         int64_t high) {
  for (const auto& [name, value] : values) require_between(name, value, low, high);
}

int64_t pixels_of(const MapWalk& w) { return w.out_rows * w.out_columns; }
int64_t taps_of(const MapWalk& w) { return w.kernel_rows * w.kernel_columns; }

// A begins its pixels at multiples of pixelA. C may lie between their channels where all of its
// steps are such multiples too.
bool lies_between_channels(const MapWalk& w, int64_t n) {
  const auto period = w.pixel_a;
  const auto keeps = [&](int64_t count, int64_t step) { return count == 1 || step % period == 0; };
  if (!keeps(w.out_columns, w.pixel_c) || !keeps(w.out_rows, w.row_c) || !keeps(w.frames, w.frame_c))
    return false;
  const auto first = ((w.first_c - w.first_a) % period + period) % period;
  return first >= w.channels && first + n <= period;
}

void require_inside(const char* name, const DeviceMatrix& matrix, uint64_t elements,
                    uint32_t element_bytes) {
  require(matrix.element_bytes == element_bytes, invalid, name, " holds elements of ",
          matrix.element_bytes, " bytes, expected ", element_bytes);
  require(elements <= matrix.bytes / element_bytes, invalid, name, " was allocated with ",
          matrix.bytes / element_bytes, " elements, but this step needs ", elements);
}

void require_rows(const char* name, const DeviceMatrix& matrix, int64_t rows, int64_t columns,
                  uint32_t element_bytes) {
  require(matrix.element_bytes == element_bytes, invalid, name, " holds elements of ",
          matrix.element_bytes, " bytes, expected ", element_bytes);
  require(matrix.rows >= rows && matrix.columns >= columns, invalid, name, " was allocated as ",
          matrix.rows, " x ", matrix.columns, ", but this step needs ", rows, " x ", columns);
  require(!matrix.is_packed() || (matrix.rows == rows && matrix.columns == columns), invalid, name,
          " was packed as ", matrix.rows, " x ", matrix.columns, ", but this step needs ", rows,
          " x ", columns);
}

}  // namespace

ElementSpan span_of_a(const MapWalk& w) {
  const auto pixels = uint64_t(w.frames) * uint64_t(w.height) * uint64_t(w.width);
  const auto first = uint64_t(w.first_a);
  return {first, first + (pixels - 1) * uint64_t(w.pixel_a) + uint64_t(w.channels)};
}

ElementSpan span_of_c(const MapWalk& w, int64_t n) {
  const auto last = uint64_t(w.frames - 1) * uint64_t(w.frame_c) +
                    uint64_t(w.out_rows - 1) * uint64_t(w.row_c) +
                    uint64_t(w.out_columns - 1) * uint64_t(w.pixel_c);
  return {uint64_t(w.first_c), uint64_t(w.first_c) + last + uint64_t(n)};
}

void MapStepMaker::require_maps() const {
  maker_.require_engine(Engine::fcn);
  constexpr auto not_supported = XFBLAS_STATUS_NOT_SUPPORTED;
  require(configuration_.data_type != DataType::float32, not_supported,
          "the image computes with float32, expected integers: its kernel walks no feature maps");
  require(configuration_.machine.has_value(), not_supported,
          "the image tells no sizes of its array, so that it is of another maker: its kernel walks "
          "no feature maps");
}

// As check_map and check_places of xfblas/check.hpp, by name.
void MapStepMaker::check_walk(const MapStep& step) const {
  const auto& w = step.walk;
  require_between("frames", w.frames, 1, most_frames);
  require_all_between({{"height", w.height},
                       {"width", w.width},
                       {"channels", w.channels},
                       {"kernelRows", w.kernel_rows},
                       {"kernelColumns", w.kernel_columns},
                       {"strideRows", w.stride_rows},
                       {"strideColumns", w.stride_columns},
                       {"dilationRows", w.dilation_rows},
                       {"dilationColumns", w.dilation_columns},
                       {"outRows", w.out_rows},
                       {"outColumns", w.out_columns}},
                      1, most_of_half);
  require_all_between({{"upRows", w.up_rows}, {"upColumns", w.up_columns}}, 1, 255);
  require_all_between({{"padTop", w.pad_top}, {"padLeft", w.pad_left}}, INT16_MIN, INT16_MAX);
  require_all_between({{"firstA", w.first_a}, {"firstC", w.first_c}}, 0, most_of_word);
  require(taps_of(w) <= most_taps, invalid, "kernelRows times kernelColumns is ", taps_of(w),
          ", expected at most ", most_taps);
  require(w.frames * pixels_of(w) <= most_of_word, invalid, "frames times outRows and outColumns is ",
          w.frames * pixels_of(w), ", expected at most ", most_of_word);
  require(taps_of(w) * w.channels <= most_of_word, invalid, "the kernel's taps times channels is ",
          taps_of(w) * w.channels, ", expected at most ", most_of_word);
  const int64_t end = int64_t(1) << (8 * configuration_.element_bytes() - 1);
  require_between("fill", w.fill, -end, end - 1);
  require_between("n", step.n, 1, most_map_stride);
  if (step.kind != MapStepKind::convolution)
    require(step.n == w.channels, invalid, "n is ", step.n, ", expected the ", w.channels,
            " channels: a window takes each alone");
  require_between("pixelA", w.pixel_a, w.channels, most_map_stride);
  require_between("pixelC", w.pixel_c, step.n, most_map_stride);
  const auto row = (w.out_columns - 1) * w.pixel_c + step.n;
  require_between("rowC", w.row_c, w.out_rows > 1 ? row : 0, most_of_word);
  const auto frame = (w.out_rows - 1) * w.row_c + row;
  require_between("frameC", w.frame_c, w.frames > 1 ? frame : 0, most_of_word);
}

void MapStepMaker::check_places(const MapStep& step, const Matrices& matrices) const {
  const auto& [a, b, c, x, table] = matrices;
  for (const auto& [name, matrix] : {std::pair{"A", a}, {"B", b}, {"C", c}, {"X", x}, {"T", table}})
    require(!matrix || matrix->pads_itself, invalid, name,
            " was not made by xfblasMalloc, which a step over maps takes alone");
  const auto element = configuration_.element_bytes();
  const auto of_a = span_of_a(step.walk), of_c = span_of_c(step.walk, step.n);
  for (const auto& [name, matrix] : {std::pair{"A", a}, {"C", c}})
    require(!matrix->is_packed(), invalid, name, " is packed, expected that of B alone");
  require_inside("A", *a, of_a.end, element);
  require_inside("C", *c, of_c.end, element);
  for (const auto& [name, other] : {std::pair{"B", b}, {"X", x}, {"T", table}})
    require(other != c, invalid, "C is in the matrix of ", name,
            ": give the result one of its own");
  const bool are_apart = a != c || of_a.end <= of_c.begin || of_c.end <= of_a.begin;
  require(are_apart || lies_between_channels(step.walk, step.n), invalid, "C at elements ",
          of_c.begin, " to ", of_c.end - 1, " overlaps A at elements ", of_a.begin, " to ",
          of_a.end - 1, " of the same matrix: it may hold other channels of A's pixels, nothing of A");
}

void MapStepMaker::check_operands(const MapStep& step, const Matrices& matrices) const {
  const auto& [a, b, c, x, table] = matrices;
  const bool has_sums =
      step.kind == MapStepKind::convolution || step.kind == MapStepKind::depthwise;
  if (!has_sums)
    return require(!b && !x && !table, invalid, b ? "B" : x ? "X" : "T",
                   " was given, expected NULL: pooling multiplies and adds nothing");
  maker_.check_epilogue(step.epilogue, table != nullptr);
  require(b != nullptr, invalid, "B is NULL, expected the kernel's weights");
  const auto element = configuration_.element_bytes();
  const bool is_depthwise = step.kind == MapStepKind::depthwise;
  const auto taps = taps_of(step.walk);
  require_rows("B", *b, is_depthwise ? taps : taps * step.walk.channels, step.n, element);
  require(!b->is_packed() || configuration_.packs_alike(b->packed_columns, step.n), invalid,
          "B was packed by xfblasMallocPacked, expected by xfblasMallocPackedFilter");
  require(!is_depthwise || !b->is_packed(), invalid,
          "B is packed, expected rows: a depthwise convolution reads them as they lie");
  const bool has_row = step.epilogue.flags & flag_bias_row;
  require(!is_depthwise || has_row, invalid, "flags is ", step.epilogue.flags, ", expected ",
          uint32_t(flag_bias_row), " (bias_row) in it: a depthwise convolution adds one row");
  require(!configuration_.x_is_row || has_row || !x, invalid,
          "X has a row for each pixel, expected one: the image has XVEC=1");
  if (x)
    require_rows("X", *x, has_row ? 1 : pixels_of(step.walk), step.n,
                 configuration_.addend_bytes(engine_));
  if (table) require_rows("T", *table, 1, table_entries, entry_bytes);
}

Instruction MapStepMaker::second(const MapStep& step, const Matrices& matrices) const {
  const auto& w = step.walk;
  const auto& [a, b, c, x, table] = matrices;
  const auto k = step.kind == MapStepKind::convolution ? taps_of(w) * w.channels
                 : step.kind == MapStepKind::largest   ? int64_t(window_max)
                 : step.kind == MapStepKind::average   ? int64_t(window_average)
                                                       : int64_t(window_depthwise);
  const Sizes sizes{w.frames * pixels_of(w), k,         step.n, w.pixel_a,
                    b ? int64_t(b->leading_dimension) : 0, w.pixel_c,
                    x ? int64_t(x->leading_dimension) : 0};
  const Pages pages{a->page, b ? b->page : 0, c->page, x ? x->page : 0, table ? table->page : 0};
  auto word = product_instruction(engine_, sizes, pages, step.epilogue);
  if (step.kind != MapStepKind::convolution) word.opcode = opcode_window;
  // Pooling has no epilogue.
  if (!b) word.post = word.prelu = word.flags = word.formats = 0;
  if (b && b->is_packed()) word.flags |= flag_b_packed;
  return word;
}

MapOperations MapStepMaker::step(const MapStep& step, const Matrices& matrices) const {
  require_maps();
  check_walk(step);
  check_operands(step, matrices);
  check_places(step, matrices);
  const auto& w = step.walk;
  const auto half = [](int64_t value) { return uint32_t(value); };
  FeatureMap map{};
  map.height = half(w.height), map.width = half(w.width), map.channels = half(w.channels);
  map.up_y = half(w.up_rows), map.up_x = half(w.up_columns);
  map.kernel_y = half(w.kernel_rows), map.kernel_x = half(w.kernel_columns);
  map.stride_y = half(w.stride_rows), map.stride_x = half(w.stride_columns);
  map.dilation_y = half(w.dilation_rows), map.dilation_x = half(w.dilation_columns);
  map.pad_top = int32_t(w.pad_top), map.pad_left = int32_t(w.pad_left);
  map.out_y = half(w.out_rows), map.out_x = half(w.out_columns);
  map.a_first = half(w.first_a), map.c_first = half(w.first_c);
  map.c_row = half(w.row_c), map.c_frame = half(w.frame_c);
  map.fill = int32_t(w.fill);
  const auto id_of = [](const DeviceMatrix* matrix) { return matrix ? matrix->id : 0; };
  const auto& [a, b, c, x, table] = matrices;
  const decltype(Operation::matrix_ids) ids{a->id, id_of(b), c->id, id_of(x), id_of(table)};
  return {Operation{map_instruction(map), ids}, Operation{second(step, matrices), ids}};
}

}  // namespace xfblas
