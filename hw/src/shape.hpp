// The sizes of an engine, as template constants. They come from hw/platforms/<board>.
#ifndef XFBLAS_SHAPE_HPP
#define XFBLAS_SHAPE_HPP

#include "element.hpp"
#include "xfblas/instruction.hpp"
#include "xfblas/vector.hpp"

namespace xfblas {

constexpr bool divides(int part, int whole) { return whole % part == 0; }
constexpr bool is_power_of_two(int value) { return value > 0 && (value & (value - 1)) == 0; }

// array_rows x array_columns multipliers; tile_rows x tile_columns sums kept on chip for all of k;
// chunk: how many k of A are buffered at a time.
template <class Element_, int word_bytes_, int array_rows_, int array_columns_, int tile_rows_,
          int tile_columns_, int chunk_>
struct Shape {
  using Element = Element_;
  using Traits = ElementTraits<Element>;
  using Accumulator = typename Traits::Accumulator;

  static constexpr int word_bytes = word_bytes_;
  static constexpr int word_lanes = word_bytes / int(sizeof(Element));
  static constexpr int array_rows = array_rows_;
  static constexpr int array_columns = array_columns_;
  static constexpr int tile_rows = tile_rows_;
  static constexpr int tile_columns = tile_columns_;
  static constexpr int row_strips = tile_rows / array_rows;
  static constexpr int column_strips = tile_columns / array_columns;
  static constexpr int strips = row_strips * column_strips;
  static constexpr int chunk = chunk_;
  static constexpr int update_interval = Traits::update_interval;
  // Whether tiles of a narrow C are twice as high and half as wide, so that as many sums are used.
  static constexpr bool narrows = 4 * tile_rows <= tile_columns && column_strips % 2 == 0 &&
                                  divides(2 * word_lanes, tile_columns) &&
                                  divides(4 * word_lanes, chunk);
  // LUTRAM comes in 32 entries: one is left for a sum of nothing where strips do not fill them.
  static constexpr bool has_zero = strips % 32 != 0;
  // A word of A is spread over the banks of the array's rows, this many lanes at a time.
  static constexpr int group = word_lanes < array_rows ? word_lanes : array_rows;

  using Word = Vector<Element, word_lanes>;
  using AVector = Vector<Element, array_rows>;
  using BVector = Vector<Element, array_columns>;
  using SumVector = Vector<Accumulator, array_columns>;

  static_assert(is_power_of_two(word_bytes) && word_bytes >= 16 && word_bytes <= 64,
                "a memory word has 16, 32 or 64 bytes: the widths that AXI and an instruction fit");
  static_assert(is_power_of_two(array_rows) && is_power_of_two(array_columns),
                "the array's rows and columns must be powers of two, because vectors are rotated "
                "in stages of two");
  static_assert(divides(array_rows, tile_rows), "a tile must hold whole strips of array_rows rows");
  static_assert(divides(array_columns, tile_columns),
                "a tile must hold whole strips of array_columns columns");
  static_assert(divides(word_lanes, tile_rows) && divides(word_lanes, tile_columns),
                "a tile must begin at a memory word: its rows and columns are multiples of a "
                "word's elements");
  static_assert(divides(word_lanes, chunk),
                "a chunk of k must be a multiple of a word's elements, so that each chunk of a "
                "row begins at a word");
  static_assert(tile_rows <= 32767 && tile_columns <= 65535 && chunk <= 65535 &&
                    row_strips <= 127 && column_strips <= 255,
                "a tile must fit the counters of the processes: 16 bits for its elements and 8 for "
                "its strips");
  static_assert(strips >= update_interval,
                "a full tile must have more strips than an addition takes cycles, or the array "
                "waits for its own sums");
};

// A shape and what it is used for. Gemm adds elements (C itself), Fcn wide biases.
template <class Shape_, uint32_t opcode_>
struct ProductShape : Shape_ {
  using Element = typename Shape_::Element;
  using Traits = typename Shape_::Traits;
  static constexpr uint32_t opcode = opcode_;
  static constexpr bool has_activation = opcode == opcode_fcn;
  // Whether a table that the host sends may take an activation's place.
  static constexpr bool has_table = has_activation && !Traits::is_float;
  // Whether it walks feature maps, and has the units for softmax and windows beside the array.
  static constexpr bool has_units = opcode == opcode_fcn && !Traits::is_float;

  template <bool wide, class Wide, class Narrow>
  struct Either {
    using type = Wide;
  };
  template <class Wide, class Narrow>
  struct Either<false, Wide, Narrow> {
    using type = Narrow;
  };
  using Addend =
      typename Either<opcode == opcode_fcn, typename Traits::WideAddend, Element>::type;
  static constexpr int addend_lanes = int(sizeof(Addend) / sizeof(Element));
  using XVector = Vector<Addend, Shape_::array_columns>;
};

}  // namespace xfblas

#endif
