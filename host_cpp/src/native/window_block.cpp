#include "native/window_block.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

namespace xfblas {
namespace {

// Vectors take whole groups of so many elements of k.
constexpr int64_t quad = 4;

void copy_words(const int16_t* from, int64_t count, int16_t* to) {
  std::memcpy(to, from, size_t(count) * sizeof(int16_t));
}

void copy_bytes(const int8_t* from, int64_t count, int8_t* to) {
  std::memcpy(to, from, size_t(count));
}

template <typename To>
void repeat_elements(To* to, int64_t count) {
  std::memcpy(to, to - count, size_t(count) * sizeof(To));
}

// A copy of elements in one other form.
template <typename To, typename From>
struct Converted {
  void (*convert)(const From*, int64_t, To*);
  To outside;
  To* elements;

  void take(const From* from, int64_t count, int64_t at) const {
    convert(from, count, elements + at);
  }
  void fill(int64_t at, int64_t count) const { std::fill_n(elements + at, count, outside); }
  void repeat(int64_t at, int64_t count) const { repeat_elements(elements + at, count); }
};

// A copy of int16 as planes of bytes, and what elements are.
struct Planes {
  const Kernels& kernels;
  int16_t outside;
  int8_t *high, *low;
  ElementRange range{};

  void take(const int16_t* from, int64_t count, int64_t at) {
    kernels.tiles->split_row(from, count, high + at, low + at);
    ElementRange found{};
    kernels.range_of_rows(from, 0, 1, count, &found.lowest, &found.highest);
    meet(found);
  }
  void fill(int64_t at, int64_t count) {
    std::fill_n(high + at, count, int8_t(outside >> 8));
    std::fill_n(low + at, count, int8_t(outside & 0xff));
    meet({outside, outside});
  }
  void repeat(int64_t at, int64_t count) const {
    repeat_elements(high + at, count), repeat_elements(low + at, count);
  }
  void meet(const ElementRange& found) {
    range.lowest = std::min(range.lowest, found.lowest);
    range.highest = std::max(range.highest, found.highest);
  }
};

// Whether many windows need less where they share what they have in common.
bool shares(uint32_t kernel, uint32_t stride, uint32_t dilation, uint32_t outputs) {
  const auto alone = int64_t(outputs) * kernel;
  return int64_t(outputs - 1) * stride + int64_t(kernel - 1) * dilation + 1 < alone;
}

}  // namespace

// Taps of a row are side by side, so that they are one run.
SourceOfWindows::SourceOfWindows(const char* first, const FeatureMap& m, int64_t pixel,
                                 int bytes)
    : data(first),
      map(m),
      lda(pixel),
      element_bytes(bytes),
      rows(m.height, m.up_y, m.kernel_y, m.stride_y, m.dilation_y, m.pad_top,
           shares(m.kernel_y, m.stride_y, m.dilation_y, m.out_y)),
      columns(m.width, m.up_x, m.kernel_x, m.stride_x, m.dilation_x, m.pad_left,
              m.dilation_x == 1 && shares(m.kernel_x, m.stride_x, 1, m.out_x)) {}

UpcomingBytes SourceOfWindows::rows_of(const OutputPart& part) const {
  int64_t first = -1, last = -1;
  for (int64_t place = 0; place < rows.places(part.rows); ++place) {
    const auto row = rows.pixel(part.y, place);
    if (row < 0) continue;
    if (first < 0) first = row;
    last = row;
  }
  if (first < 0) return {};
  const auto row_bytes = int64_t(map.width) * lda * element_bytes;
  const auto* begin = data + part.frame * frame_bytes() + first * row_bytes;
  return {begin, size_t((last + 1 - first) * row_bytes - (lda - map.channels) * element_bytes)};
}

void WindowBlock::begin(const Kernels& kernels, const SourceOfWindows& source,
                        const OutputPart& part) {
  kernels_ = &kernels, source_ = &source, part_ = part;
  places_y_ = source.rows.places(part.rows), places_x_ = source.columns.places(part.columns);
  has_range_ = has_norm_ = has_bounds_ = false;
  high_words_ = high_bytes_ = {};
}

void WindowBlock::take(const Kernels& kernels, const SourceOfWindows& source,
                       const OutputPart& part, bool as_quads) {
  begin(kernels, source, part);
  const auto fill = source.map.fill;
  if (source.element_bytes == 2) copy_elements<int16_t, int16_t>(copy_words, int16_t(fill));
  else if (as_quads) copy_elements<uint8_t, int8_t>(kernels.offset_row, uint8_t(fill + 128));
  else copy_elements<int16_t, int8_t>(kernels.widen_row, int16_t(fill));
}

RowPlanes WindowBlock::take_planes(const Kernels& kernels, const SourceOfWindows& source,
                                   const OutputPart& part) {
  begin(kernels, source, part);
  const auto pixel = source.columns.step() * int64_t(source.map.channels);
  const auto behind = (tile_rows - 1) * pixel + 2 * tile_depth;
  const auto plane = rounded_up(places_y_ * elements_of_row() + behind, tile_depth);
  auto* high = element_space_.room<int8_t>(size_t(plane * source.element_bytes));
  if (source.element_bytes == 1) {
    Converted<int8_t, int8_t> to{copy_bytes, int8_t(source.map.fill), high};
    copy<int8_t>(to);
    return {tile_rows_of(high, 1, tile_depth), plane, 1, {}};
  }
  Planes to{kernels, int16_t(source.map.fill), high, high + plane};
  copy<int16_t>(to);
  const auto [lowest, highest] = to.range;
  if (lowest < -128 || highest > 127) return {tile_rows_of(high, 1, tile_depth), plane, 2, to.range};
  // The low bytes of such elements are these elements.
  return {tile_rows_of(to.low, 1, tile_depth), plane, 1, to.range};
}

TileRows WindowBlock::tile_rows_of(const void* data, int bytes, int64_t unit) const {
  const auto &columns = source_->columns, &rows = source_->rows;
  const auto row = elements_of_row() * bytes;
  TileRows found{static_cast<const char*>(data),
                 columns.step() * int64_t(source_->map.channels) * bytes, bytes};
  found.line = rows.step() * row;
  if (source_->map.kernel_y == 1) return found;
  found.run_stride = rows.tap() * row;
  found.run = source_->run(), found.padded_run = rounded_up(found.run, unit);
  return found;
}

template <typename To, typename From>
void WindowBlock::copy_elements(void (*convert)(const From*, int64_t, To*), To fill) {
  auto* elements = element_space_.room<To>(size_t(places_y_ * elements_of_row()));
  elements_ = tile_rows_of(elements, sizeof(To), quad);
  Converted<To, From> to{convert, fill, elements};
  copy<From>(to);
}

template <typename From, typename Copy>
void WindowBlock::copy(Copy& to) const {
  const auto& map = source_->map;
  const auto row_elements = elements_of_row();
  const auto* frame =
      reinterpret_cast<const From*>(source_->data + part_.frame * source_->frame_bytes());
  int64_t at = 0, copied = -1;  // copied: row of the map, which upsampling takes again
  for (int64_t place = 0; place < places_y_; ++place, at += row_elements) {
    const auto row = source_->rows.pixel(part_.y, place);
    if (row < 0) to.fill(at, row_elements);
    else if (row == copied) to.repeat(at, row_elements);
    else copy_row(frame + row * map.width * source_->lda, at, to);
    copied = row;
  }
}

template <typename From, typename Copy>
void WindowBlock::copy_row(const From* row, int64_t at, Copy& to) const {
  const auto& columns = source_->columns;
  const auto channels = int64_t(source_->map.channels);
  const bool is_dense = source_->lda == channels;
  for (int64_t place = 0; place < places_x_;) {
    const auto pixel = columns.pixel(part_.x, place);
    if (pixel < 0) {
      to.fill(at + place++ * channels, channels);
      continue;
    }
    int64_t count = 1;
    if (columns.is_straight() && is_dense)
      count = std::min(places_x_ - place, int64_t(source_->map.width) - pixel);
    to.take(row + pixel * source_->lda, count * channels, at + place * channels);
    place += count;
  }
}

template <typename To>
void WindowBlock::convert(void (*convert)(const int16_t*, int64_t, To*)) {
  const auto count = places_y_ * elements_of_row();
  auto* to = high_space_.room<To>(size_t(count));
  convert(words(), count, to);
  (sizeof(To) == 1 ? high_bytes_ : high_words_) = tile_rows_of(to, sizeof(To), quad);
}

const ElementRange& WindowBlock::range() {
  if (!has_range_)
    kernels_->range_of_rows(words(), 0, 1, places_y_ * elements_of_row(), &range_.lowest,
                            &range_.highest);
  has_range_ = true;
  return range_;
}

// Of each place first, since windows share them.
double WindowBlock::largest_norm() {
  if (has_norm_) return largest_norm_;
  const auto& map = source_->map;
  const auto count = places_y_ * places_x_;
  auto* squares = square_space_.room<uint64_t>(size_t(count));
  kernels_->row_squares(words(), count * map.channels, map.channels, squares);
  most_of_place_ = *std::max_element(squares, squares + count);
  const auto &columns = source_->columns, &rows = source_->rows;
  uint64_t most = 0;
  for (int64_t y = 0; y < part_.rows; ++y)
    for (int64_t x = 0; x < part_.columns; ++x) {
      uint64_t sum = 0;
      for (int64_t ky = 0; ky < map.kernel_y; ++ky) {
        const auto* at =
            squares + (y * rows.step() + ky * rows.tap()) * places_x_ + x * columns.step();
        for (int64_t kx = 0; kx < map.kernel_x; ++kx) sum += at[kx];
      }
      most = std::max(most, sum);
    }
  has_norm_ = true;
  return largest_norm_ = std::sqrt(double(most));
}

// A block of k has elements of some pixels, none of which is larger than the largest. Looking at
// each window's blocks would take a good part of what multiplying takes.
const RowBounds& WindowBlock::bounds() {
  if (has_bounds_) return bounds_;
  const auto& map = source_->map;
  const auto channels = int64_t(map.channels), run = source_->run();
  const auto k = int64_t(map.kernel_y) * (map.kernel_y == 1 ? run : rounded_up(run, 4));
  bounds_ = {};
  bounds_.whole = largest_norm();
  bounds_.largest = std::max(-double(range().lowest), double(range().highest));
  for (int place = 0; place < block_sizes; ++place) {
    const auto size = size_of_block(place);
    const bool is_aligned = run % 4 == 0 && (channels % size == 0 || size % channels == 0);
    const auto pixels = (size + channels - 1) / channels + (is_aligned ? 0 : 1);
    const auto norm = std::sqrt(double(pixels) * double(most_of_place_));
    bounds_.blocks[place].assign(size_t((k + size - 1) / size), std::min(norm, bounds_.whole));
  }
  has_bounds_ = true;
  return bounds_;
}

const TileRows& WindowBlock::high_words() {
  if (!high_words_.data) convert<int16_t>(kernels_->high_words);
  return high_words_;
}

const TileRows& WindowBlock::high_bytes() {
  if (!high_bytes_.data) convert<uint8_t>(kernels_->high_bytes);
  return high_bytes_;
}

}  // namespace xfblas
