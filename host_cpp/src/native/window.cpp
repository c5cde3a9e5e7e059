#include <algorithm>
#include <cstdlib>
#include <vector>

#include "native/engine.hpp"
#include "native/feature_maps.hpp"
#include "native/thread_pool.hpp"

namespace xfblas {
namespace {

// Pixels whose sums are finished at once.
constexpr uint32_t most_pixels = 8;
// So many windows before pooling one its pixels are called into the cache.
constexpr int64_t windows_ahead = 16;

// What a row or a column of a map, each of which counts `up` times, is of the map as it lies.
int64_t place_of(int64_t at, uint32_t extent, uint32_t up) {
  if (at < 0 || at >= int64_t(extent) * up) return -1;
  return up == 1 ? at : at / up;
}

// The pixels of a map that the windows of a line have, as pointers to their first channel.
class Taps {
 public:
  // outside: what taps outside of the map are; they are left out where it is null.
  Taps(const char* frame, const FeatureMap& map, int64_t pixel_bytes, const void* outside,
       uint32_t y)
      : map_(map), pixel_bytes_(pixel_bytes), outside_(outside), columns_(map.kernel_x) {
    for (uint32_t ky = 0; ky < map.kernel_y; ++ky) {
      const auto at = int64_t(y) * map.stride_y + int64_t(ky) * map.dilation_y - map.pad_top;
      const auto row = place_of(at, map.height, map.up_y);
      rows_.push_back(row < 0 ? nullptr : frame + row * map.width * pixel_bytes);
    }
  }

  const std::vector<const void*>& of(uint32_t x) {
    auto at = int64_t(x) * map_.stride_x - map_.pad_left;
    for (auto& column : columns_) {
      column = place_of(at, map_.width, map_.up_x) * pixel_bytes_;
      at += map_.dilation_x;
    }
    found_.clear();
    for (const auto* row : rows_)
      for (const auto column : columns_) {
        if (row && column >= 0) found_.push_back(row + column);
        else if (outside_) found_.push_back(outside_);
      }
    return found_;
  }

 private:
  const FeatureMap& map_;
  int64_t pixel_bytes_;
  const void* outside_;
  std::vector<const char*> rows_;  // null outside of the map
  std::vector<int64_t> columns_;   // bytes from a row's first; below 0 outside
  std::vector<const void*> found_;
};

class Window {
 public:
  Window(char* memory, const Instruction& i, const FeatureMap& map,
         const Configuration& configuration)
      : i_(i),
        map_(map),
        bytes_(configuration.element_bytes()),
        a_(memory + range_of_a(i, map, bytes_).offset),
        c_(memory + range_of_c(i, map, bytes_).offset) {}
  virtual ~Window() = default;

  void run() {
    const auto threads = threads_for(int64_t(i_.m) * map_.taps() * i_.n);
    const auto lines = int64_t(i_.m / map_.out_x);
    run_tasks(threads, lines, [&](int64_t line) {
      const auto frame = uint32_t(line / map_.out_y), y = uint32_t(line % map_.out_y);
      const auto pixels = uint64_t(frame) * map_.height * map_.width;
      Taps taps(a_ + pixels * i_.lda * bytes_, map_, int64_t(i_.lda) * bytes_, outside(), y);
      run_line(taps, c_ + (pixel_of_c(map_, i_.ldc, frame, y, 0) - map_.c_first) * bytes_);
    });
  }

 protected:
  virtual const void* outside() const = 0;
  virtual void run_line(Taps& taps, char* c) const = 0;

  const Instruction& i_;
  const FeatureMap& map_;
  const uint32_t bytes_;

 private:
  const char* a_;
  char* c_;
};

class Pooling : public Window {
 public:
  using Window::Window;

 private:
  const void* outside() const override { return nullptr; }
  void run_line(Taps& taps, char* c) const override {
    const auto& k = kernels();
    const auto pool = i_.k == window_max ? (bytes_ == 2 ? k.largest16 : k.largest8)
                                         : (bytes_ == 2 ? k.average16 : k.average8);
    // Pixels of maps that others lie within are no stream that the CPU would foresee.
    const auto ahead = windows_ahead * int64_t(map_.stride_x) * int64_t(i_.lda) * bytes_ / map_.up_x;
    for (uint32_t x = 0; x < map_.out_x; ++x, c += uint64_t(i_.ldc) * bytes_) {
      const auto& found = taps.of(x);
      for (const auto* pixel : found)
        for (int64_t at = 0; at < int64_t(i_.n) * bytes_; at += 64)
          __builtin_prefetch(static_cast<const char*>(pixel) + ahead + at);
      if (found.empty()) std::fill_n(c, i_.n * bytes_, char(0));
      else pool(found.data(), int64_t(found.size()), i_.n, c);
    }
  }
};

class Depthwise : public Window {
 public:
  Depthwise(char* memory, const Instruction& i, const FeatureMap& map,
            const Configuration& configuration)
      : Window(memory, i, map, configuration),
        product_(depthwise_product(memory, i, configuration)),
        b_(source_of_b(memory, i, configuration)),
        padding_(uint64_t(i.n) * bytes_) {
    for (uint32_t c = 0; c < i.n; ++c) {
      if (bytes_ == 2) reinterpret_cast<int16_t*>(padding_.data())[c] = int16_t(map.fill);
      else padding_[c] = char(map.fill);
    }
    if (product_.needs_low_bits_only()) reach_ = Reach::low_bits;
    else if (bytes_ == 1 || fits_32()) reach_ = Reach::fits_32;
  }

 private:
  static IntegerProduct depthwise_product(char* memory, Instruction i,
                                          const Configuration& configuration) {
    i.opcode = opcode_fcn;
    return integer_product(memory, i, configuration);
  }

  // Of int16, whatever A holds.
  bool fits_32() const {
    const auto* b = static_cast<const int16_t*>(b_.data);
    for (uint32_t c = 0; c < i_.n; ++c) {
      int64_t sum = 0;
      for (uint32_t t = 0; t < map_.taps(); ++t) sum += std::abs(int(b[t * b_.ldb + c]));
      if (sum * 32768 > INT32_MAX) return false;
    }
    return true;
  }

  const void* outside() const override { return padding_.data(); }

  void run_line(Taps& taps, char* c) const override {
    for (uint32_t x = 0; x < map_.out_x; x += most_pixels) {
      const auto pixels = std::min(most_pixels, map_.out_x - x);
      std::vector<std::vector<const void*>> found;
      for (uint32_t p = 0; p < pixels; ++p) found.push_back(taps.of(x + p));
      for (int64_t column = 0; column < i_.n; column += kernels().width())
        run_columns(found, column, c + (uint64_t(x) * i_.ldc + uint64_t(column)) * bytes_);
    }
  }

  void run_columns(const std::vector<std::vector<const void*>>& pixels, int64_t column,
                   char* c) const {
    const auto& k = kernels();
    const auto width = k.width();
    const auto columns = int(std::min<int64_t>(width, i_.n - column));
    static thread_local Workspace space;
    auto* low = space.room<int32_t>(size_t(2 * most_pixels * width));
    auto* high = low + most_pixels * width;
    const auto* b = static_cast<const char*>(b_.data) + column * bytes_;
    for (size_t p = 0; p < pixels.size(); ++p) {
      auto taps = pixels[p];
      for (auto& tap : taps) tap = static_cast<const char*>(tap) + column * bytes_;
      const auto count = int64_t(taps.size());
      auto* sums = low + int64_t(p) * width;
      if (reach_ == Reach::wide)
        k.depthwise_wide(taps.data(), count, b, b_.ldb, columns, sums, high + int64_t(p) * width);
      else (bytes_ == 2 ? k.depthwise16 : k.depthwise8)(taps.data(), count, b, b_.ldb, columns, sums);
    }
    const auto& r = product_.requantization;
    const auto rows = int(pixels.size());
    const auto* x = static_cast<const char*>(product_.x);
    if (x) x += column * product_.addend_bytes;
    k.finish(reach_, int(bytes_), product_.addend_bytes)(r, rows, columns, {low, high, nullptr}, x,
                                                         0, c, i_.ldc);
    if (r.function != activation_prelu)
      (bytes_ == 2 ? k.apply16 : k.apply8)(r, rows, columns, c, i_.ldc);
  }

  IntegerProduct product_;
  SourceOfB b_;
  std::vector<char> padding_;
  Reach reach_ = Reach::wide;
};

}  // namespace

void run_window(char* memory, const Instruction& i, const FeatureMap& map,
                const Configuration& configuration) {
  if (i.k == window_depthwise) Depthwise(memory, i, map, configuration).run();
  else Pooling(memory, i, map, configuration).run();
}

ByteRange range_of_a(const Instruction& i, const FeatureMap& map, uint32_t element_bytes) {
  const auto frames = i.m / map.pixels();
  const auto end =
      pixel_of_a(map, i.lda, frames - 1, map.height - 1, map.width - 1) + map.channels;
  return {uint64_t(i.a) * page_bytes + uint64_t(map.a_first) * element_bytes,
          (end - map.a_first) * element_bytes};
}

ByteRange range_of_c(const Instruction& i, const FeatureMap& map, uint32_t element_bytes) {
  const auto frames = i.m / map.pixels();
  const auto end = pixel_of_c(map, i.ldc, frames - 1, map.out_y - 1, map.out_x - 1) + i.n;
  return {uint64_t(i.c) * page_bytes + uint64_t(map.c_first) * element_bytes,
          (end - map.c_first) * element_bytes};
}

}  // namespace xfblas
