// The cycles of what walks feature maps, as a closed formula: see cycle_model.hpp.
//
// A's elements come in pieces of k, for the pixels of an output row together (hw/src/walk.hpp). A
// tile of a convolution takes the longest of
//
//   compute = for each chunk of k the array's steps, or the shifter and A's buffer for the next one
//   read    = words and bursts of the pieces, of B and X, on one port
//   leave   = as of any product
//
// and a tile of a window the longest of its taps, of the port, of its results and of their bursts.
#ifndef XFBLAS_MAP_CYCLES_HPP
#define XFBLAS_MAP_CYCLES_HPP

#include "cycle_model.hpp"
#include "feature_map.hpp"

namespace xfblas {

class MapCycles : public CycleModel {
 public:
  MapCycles(const Machine& machine, const Instruction& map)
      : CycleModel(machine), walks_(map.opcode == opcode_map), map_(feature_map(map)) {}

  uint64_t instruction(const Instruction& i) const {
    if (i.opcode == opcode_map) return 0;
    if (!walks_) return CycleModel::instruction(i);
    return i.opcode == opcode_window ? window(i) : cut_as(i).convolution(i);
  }
  Parts parts(const Instruction& i) const {
    if (i.opcode == opcode_map) return {0, 0, 0};
    if (!walks_) return CycleModel::parts(i);
    if (i.opcode == opcode_window) {
      const WindowParts w = window_parts(i);
      return {larger(w.taps, w.results), w.read, w.write};
    }
    return cut_as(i).convolution_parts(i);
  }

 private:
  MapCycles cut_as(const Instruction& i) const {
    MapCycles cut = *this;
    cut.m_ = cut_for(i, true);
    return cut;
  }
  Parts convolution_parts(const Instruction& i) const {
    const Reading a = reading(i, m_.chunk, true);
    Parts sum{0, 0, 0};
    for_tiles(i, [&](const Tile& tile, uint64_t count) {
      sum.compute += count * chunks(i, tile, a);
      sum.memory += count * reads(i, tile, a);
      sum.drain += count * leaving(i, tile);
    });
    return sum;
  }

  // Of all pixels and all of k, once: the port's words and bursts; the shifter's steps and those of
  // A's buffer, of whole chunks and of the last, shorter one.
  struct Reading {
    uint64_t port, whole, rest;
  };

  // Window's unit, as hw/src/window_task.hpp has it.
  static constexpr uint64_t sums_of_window = 256, block_of_window = 8, parts_of_window = 8;

  bool joins_taps(const Instruction& i) const {
    const uint64_t row = uint64_t(map_.kernel_x) * map_.channels;
    return map_.dilation_x == 1 && map_.up_x == 1 && i.lda == map_.channels &&
           (row <= m_.word_lanes || map_.out_x == 1);
  }

  // How many of `count` places, `stride` apart from `first` on, lie in 0 .. end - 1.
  static uint64_t inside(int64_t first, uint64_t count, uint64_t stride, int64_t end) {
    const int64_t s = int64_t(stride), last = int64_t(count);
    const int64_t from = first >= 0 ? 0 : (s - 1 - first) / s;
    const int64_t to = end <= first ? 0 : (end - first + s - 1) / s;
    const int64_t upto = to < last ? to : last;
    return upto > from ? uint64_t(upto - from) : 0;
  }

  // Parts of rows of C that tiles of so many pixels are cut into, in all of the frames.
  uint64_t rows_of_tiles(uint64_t pixels, uint64_t tile) const {
    uint64_t a = tile, b = map_.out_x;
    while (b != 0) {
      const uint64_t rest = a % b;
      a = b, b = rest;
    }
    const uint64_t cuts = (pixels - 1) / tile;
    return pixels / map_.out_x + cuts - cuts / (map_.out_x / a);
  }

  bool is_aligned(uint64_t elements) const { return elements % m_.word_lanes == 0; }
  // Of spans that begin anywhere in a word, on average.
  uint64_t words_of_spans(uint64_t spans, uint64_t lanes, bool aligned) const {
    return aligned ? spans * words(pieces(lanes, spans)) : words(spans * m_.word_lanes + lanes);
  }

  // `longest`: elements of a pixel that are taken at a time.
  Reading reading(const Instruction& i, uint64_t longest, bool is_convolution,
                  uint64_t pixels_of_tile = 0) const {
    const bool joins = is_convolution && joins_taps(i);
    const uint64_t tap = joins ? uint64_t(map_.kernel_x) * map_.channels : map_.channels;
    const uint64_t taps_x = joins ? 1 : map_.kernel_x;
    if (map_.up_x > 1) longest = smaller(longest, m_.word_lanes);
    const uint64_t used = smaller(tap, longest) + m_.burst_cycles * m_.word_lanes;
    const bool is_dense = uint64_t(map_.stride_x) * i.lda <= map_.up_x * used;
    const uint64_t pixels = i.m, out_rows = pixels / map_.out_x;
    const uint64_t tile = is_convolution ? m_.tile_rows : pixels_of_tile;
    const uint64_t segments = rows_of_tiles(pixels, tile);
    const uint64_t k = tap * taps_x * map_.kernel_y, whole_k = k / m_.chunk * m_.chunk;
    const bool aligned = is_aligned(map_.a_first) && is_aligned(i.lda) && is_aligned(tap);
    Reading sum{0, 0, 0};
    uint64_t done = 0;
    for (uint64_t ty = 0; ty < map_.kernel_y; ++ty) {
      const int64_t y = int64_t(ty * map_.dilation_y) - map_.pad_top;
      const uint64_t rows_in =
          inside(y, map_.out_y, map_.stride_y, int64_t(map_.height) * map_.up_y);
      for (uint64_t tx = 0; tx < taps_x; ++tx) {
        const int64_t x = int64_t(tx * map_.dilation_x) - map_.pad_left;
        const uint64_t columns_in =
            joins ? map_.out_x
                  : inside(x, map_.out_x, map_.stride_x, int64_t(map_.width) * map_.up_x);
        for (uint64_t element = 0; element < tap;) {
          uint64_t length = smaller(tap - element, longest);
          if (is_convolution) length = smaller(length, m_.chunk - done % m_.chunk);
          const uint64_t raw = is_dense
                                   ? dense(i, length, columns_in, segments, out_rows, aligned)
                                   : apart(length, columns_in, out_rows, aligned);
          const uint64_t port = raw * rows_in / map_.out_y;
          const uint64_t bursts =
              (is_dense ? (columns_in ? segments : 0) : out_rows * columns_in) * rows_in /
              map_.out_y;
          const uint64_t steps = larger(pixels * words(length), port);
          const uint64_t taken = larger(steps, is_convolution ? pixels * groups(length) : 0);
          sum.port += port + bursts * m_.burst_cycles;
          (done < whole_k ? sum.whole : sum.rest) += taken;
          element += length;
          done += length;
        }
      }
    }
    return sum;
  }
  // Words of the pixels of rows, in one burst for each part of a row.
  uint64_t dense(const Instruction& i, uint64_t length, uint64_t columns, uint64_t segments,
                 uint64_t out_rows, bool aligned) const {
    const uint64_t all = columns * out_rows;
    if (all == 0) return 0;
    const uint64_t between = all > segments ? (all - segments) * map_.stride_x * i.lda / map_.up_x
                                            : 0;
    return words_of_spans(segments, between + segments * length, aligned);
  }
  // A burst for each pixel.
  uint64_t apart(uint64_t length, uint64_t columns, uint64_t out_rows, bool aligned) const {
    const uint64_t spans = columns * out_rows;
    return spans == 0 ? 0 : words_of_spans(spans, spans * length, aligned);
  }
  // A word wider than the array has rows takes several cycles into A's buffer.
  uint64_t groups(uint64_t length) const {
    return pieces(length, smaller(m_.word_lanes, m_.array_rows));
  }

  // The buffer of A is filled for a chunk while the array takes the one before.
  uint64_t chunks(const Instruction& i, const Tile& tile, const Reading& a) const {
    const uint64_t step = compute(i, tile) / i.k, count = i.k / m_.chunk, rest = i.k % m_.chunk;
    const uint64_t whole = count == 0 ? 0 : a.whole * tile.rows / (i.m * count);
    const uint64_t last = a.rest * tile.rows / i.m;
    const uint64_t full = larger(step * m_.chunk, whole);
    if (rest == 0) return count * full;
    if (count == 0) return larger(step * rest, last);
    return (count - 1) * full + larger(step * m_.chunk, last) + larger(step * rest, whole);
  }
  uint64_t reads(const Instruction& i, const Tile& tile, const Reading& a) const {
    uint64_t b = 0;
    for (uint64_t done = 0; done < i.k; done += m_.chunk) {
      const uint64_t length = smaller(i.k - done, m_.chunk);
      if (i.k - done > m_.chunk) {  // all but the last are alike
        const uint64_t count = (i.k - done - 1) / m_.chunk;
        b += count * read_b(i, tile, length);
        done += (count - 1) * m_.chunk;
      } else {
        b += read_b(i, tile, length);
      }
    }
    return a.port * tile.rows / i.m + b + read_x(i, tile);
  }

  // Bursts and words of pixels, and words that are merged at the ends of each burst. Those of a row
  // are one burst where they lie end to end. `at_once`: columns that are written together.
  uint64_t write_pixels(const Instruction& i, uint64_t pixels, uint64_t columns,
                        uint64_t at_once) const {
    const uint64_t places = map_.c_first | (map_.out_y > 1 ? map_.c_row : 0);
    if (i.ldc != i.n || i.n > at_once) {
      const Tile tile{pixels, columns};
      const uint64_t shifted = period(places | i.ldc) > 1;
      return pixels * (words(columns) + shifted + m_.burst_cycles) + merges(tile, places | i.ldc);
    }
    const uint64_t parts = 1 + (pixels - 1) / map_.out_x;
    const uint64_t ends = places | smaller(pixels, map_.out_x) * i.ldc;
    const uint64_t merged = 2 * parts * (period(ends) - 1) / period(ends);
    return words(pixels * columns) + parts * m_.burst_cycles +
           merged * (m_.memory_latency + m_.burst_cycles);
  }
  uint64_t leaving(const Instruction& i, const Tile& tile) const {
    return larger(drain(tile), write_pixels(i, tile.rows, tile.columns, m_.tile_columns));
  }

  template <class Function>
  void for_tiles(const Instruction& i, Function function) const {
    const uint64_t down = i.m / m_.tile_rows, right = i.n / m_.tile_columns;
    const uint64_t rows = i.m % m_.tile_rows, columns = i.n % m_.tile_columns;
    if (down && right) function(Tile{m_.tile_rows, m_.tile_columns}, down * right);
    if (down && columns) function(Tile{m_.tile_rows, columns}, down);
    if (rows && right) function(Tile{rows, m_.tile_columns}, right);
    if (rows && columns) function(Tile{rows, columns}, uint64_t(1));
  }

  uint64_t convolution(const Instruction& i) const {
    const Reading a = reading(i, m_.chunk, true);
    const Tile last{(i.m - 1) % m_.tile_rows + 1, (i.n - 1) % m_.tile_columns + 1};
    const Tile first{smaller(i.m, m_.tile_rows), smaller(i.n, m_.tile_columns)};
    const auto steady = [&](const Tile& tile) {
      return larger(larger(chunks(i, tile, a), reads(i, tile, a)), leaving(i, tile));
    };
    uint64_t before = 0;
    for_tiles(i, [&](const Tile& tile, uint64_t count) { before += count * steady(tile); });
    before -= steady(last);
    // The first chunk's way into the buffer is counted below.
    const uint64_t first_fill = (i.k > m_.chunk ? a.whole * first.rows / i.m / (i.k / m_.chunk)
                                                : (a.whole + a.rest) * first.rows / i.m);
    const uint64_t last_chunk = compute(i, first) / i.k * ((i.k - 1) % m_.chunk + 1);
    const uint64_t twice = first_fill > last_chunk ? first_fill - last_chunk : 0;
    const auto port_of = [&](const Tile& tile) {
      return a.port * tile.rows / i.m * smaller(m_.chunk, i.k) / i.k;
    };
    const uint64_t first_a = larger(port_of(first), first_fill) + m_.burst_cycles + 2 * hop;
    // The first chunk of a tile's A comes while the tile before ends.
    const uint64_t all = reads(i, last, a), already = port_of(last);
    const uint64_t read = all > already ? all - already : 0;
    const uint64_t last_body = larger(chunks(i, last, a), read);
    const uint64_t body = table(i) + first_a + before + last_body - smaller(twice, last_body) +
                          leaving(i, last);
    return m_.memory_latency + 5 * hop + larger(body, filling(i)) + 5 * hop + m_.memory_latency;
  }

  // Each of the four for all tiles; `tiles`: how many there are.
  struct WindowParts {
    uint64_t taps, read, results, write, tiles;
  };
  WindowParts window_parts(const Instruction& i) const {
    const uint64_t all_words = words(i.n), most = map_.up_x > 1 ? 1 : block_of_window;
    const uint64_t block = smaller(all_words, most), pixels = sums_of_window / block;
    const uint64_t blocks = pieces(all_words, block), tiles = blocks * pieces(i.m, pixels);
    const uint64_t taps = map_.taps();
    const bool weighs = i.k == window_depthwise;
    const Reading a = reading(i, block * m_.word_lanes, false, pixels);
    const uint64_t of_b = weighs ? block + m_.burst_cycles : 0;
    const uint64_t of_x = weighs && i.x != 0 ? block * m_.addend_lanes + m_.burst_cycles : 0;
    const uint64_t loads = weighs ? block : 0;
    WindowParts sum;
    sum.tiles = tiles;
    sum.taps = larger(taps * i.m * all_words + tiles * taps * loads, a.whole + a.rest);
    sum.read = a.port + tiles * (taps * of_b + of_x);
    sum.results = i.m * all_words * (i.k == window_max ? 1 : parts_of_window);
    sum.write = 0;
    const uint64_t lanes = block * m_.word_lanes;
    for (uint64_t done = 0; done < i.n; done += lanes) {
      const uint64_t columns = smaller(lanes, i.n - done), rest = i.m % pixels;
      sum.write += i.m / pixels * write_pixels(i, pixels, columns, lanes);
      if (rest != 0) sum.write += write_pixels(i, rest, columns, lanes);
    }
    return sum;
  }
  uint64_t window(const Instruction& i) const {
    const WindowParts w = window_parts(i);
    // The last tile's results follow its last tap's elements, or all results the first tile's taps.
    const uint64_t out = larger(w.results, w.write), in = larger(w.taps, w.read);
    const uint64_t behind = smaller(out, in / map_.taps()) / w.tiles;
    const uint64_t end = (in > out ? out : in) / w.tiles - behind;
    const uint64_t of_table = has_entries(i) ? burst(table_entries * m_.addend_lanes) : 0;
    return m_.memory_latency + of_table + m_.burst_cycles + 5 * hop + larger(in, out) + end +
           m_.memory_latency;
  }
  static bool has_entries(const Instruction& i) {
    return i.k == window_depthwise && xfblas::activation(i.flags) == activation_table;
  }

  bool walks_;
  FeatureMap map_;
};

}  // namespace xfblas

#endif
