// From sums to elements of C: the formulas of docs/instructions.md in 32-bit lanes.
//
// A 48-bit value is held as high, its upper 32 bits with the sign, and low, the 16 bits below.
// Multiplying by a scale of 16 bits stays exact modulo 2^48: low * scale fits 32 bits unsigned.

namespace xfblas {
namespace {

struct Wide {
  Vector high, low;
};

inline Wide split(Vector sum) { return {shift_right(sum, 16), both_bits(sum, set(0xffff))}; }

// The low 32 bits of a sum.
inline Vector low_bits_of(const SumsOfTile& sums, int row, int column) {
  return load(sums.low + row * tile_stride + column);
}
inline Vector low_bits_of(const SumsOfBytes& sums, int row, int column) {
  const int at = row * tile_columns + column;
  auto sum = load(sums.low + at);
  if (sums.middle) sum = add(sum, shift_left(load(sums.middle + at), 8));
  if (sums.high) sum = add(sum, shift_left(load(sums.high + at), 16));
  return sum;
}

// All of a sum of Reach::wide.
inline Wide wide_sum_of(const SumsOfTile& sums, int row, int column) {
  const int at = row * tile_stride + column;
  return {load(sums.high + at), both_bits(load(sums.low + at), set(0xffff))};
}
// With t = middle + (low >> 8) the sum is 65536 high + 256 t + (low & 255), and its bits from 2^16
// on are high + (t >> 8): nothing below overflows, as low is less than 2^31 and t then too.
inline Wide wide_sum_of(const SumsOfBytes& sums, int row, int column) {
  const int at = row * tile_columns + column;
  const auto low = load(sums.low + at);
  if (!sums.middle) return split(low);
  const auto t = add(load(sums.middle + at), shift_right(low, 8));
  auto high = shift_right(t, 8);
  if (sums.high) high = add(high, load(sums.high + at));
  const auto byte = set(0xff);
  return {high, either_bits(shift_left(both_bits(t, byte), 8), both_bits(low, byte))};
}

inline const int32_t* offsets_of(const SumsOfTile& sums) { return sums.column_offsets; }
inline const int32_t* offsets_of(const SumsOfBytes&) { return nullptr; }

inline Wide plus(Wide a, Wide b) {
  const auto low = add(a.low, b.low);
  return {add(add(a.high, b.high), shift_right_unsigned(low, 16)), both_bits(low, set(0xffff))};
}

inline Wide times(Wide a, Vector scale) {
  const auto low = multiply(a.low, scale);
  return {add(multiply(a.high, scale), shift_right_unsigned(low, 16)), both_bits(low, set(0xffff))};
}

// Half up: one more where the highest bit that was shifted out is set.
inline Vector rounded_shift(Vector value, int places) {
  const auto twice = shift_right(value, places - 1);
  return add(shift_right(twice, 1), both_bits(twice, set(1)));
}

// The low 32 bits of value >> shift; where it saturates, a value that is out of range if and only
// if the shifted one is.
inline Vector shifted(Wide value, const Requantization& r) {
  if (r.shift > 16) {
    const int places = std::min(r.shift - 16, 31);
    if (!r.rounds) return shift_right(value.high, places);
    // From place 48 on only the sign is left, and rounding makes it 0.
    return r.shift - 16 > 31 ? zero() : rounded_shift(value.high, places);
  }
  if (r.saturates) {
    // Beyond these the result saturates anyway, rounded or not, and within them nothing below
    // overflows.
    const int beyond = r.rounds ? 1 : 0;
    value.high = larger(smaller(value.high, set(INT16_MAX + beyond)), set(INT16_MIN - beyond));
  }
  auto result =
      either_bits(shift_left(value.high, 16 - r.shift), shift_right_unsigned(value.low, r.shift));
  if (r.rounds)
    result = add(result, both_bits(shift_right_unsigned(value.low, r.shift - 1), set(1)));
  return result;
}

template <typename Element>
inline Vector kept(Vector value, bool saturates) {
  constexpr int unused = 32 - 8 * int(sizeof(Element));
  if (saturates)
    return larger(smaller(value, set(std::numeric_limits<Element>::max())),
                  set(std::numeric_limits<Element>::min()));
  return shift_right(shift_left(value, unused), unused);
}

template <Reach reach, typename Element, typename Sums>
inline Vector requantized(const Requantization& r, const Sums& sums, int row, int column,
                          bool has_addend, Vector addend) {
  const auto offset = [&](Vector sum) {
    if constexpr (sizeof(Element) == 1)
      if (const auto* offsets = offsets_of(sums)) return add(sum, load(offsets + column));
    return sum;
  };
  if constexpr (reach == Reach::low_bits) {
    auto sum = offset(low_bits_of(sums, row, column));
    sum = add(sum, addend);
    if (r.scale != 1) sum = multiply(sum, set(int32_t(r.scale)));
    const auto result = shift_right_unsigned(sum, r.shift);
    if (!r.rounds) return result;
    return add(result, both_bits(shift_right_unsigned(sum, r.shift - 1), set(1)));
  }
  Wide value;
  if constexpr (sizeof(Element) == 1) {
    // These sums wrap at 32 bits before they are scaled.
    value = split(add(offset(low_bits_of(sums, row, column)), addend));
  } else {
    if constexpr (reach == Reach::wide) value = wide_sum_of(sums, row, column);
    else value = split(low_bits_of(sums, row, column));
    if (has_addend) value = plus(value, split(addend));
  }
  if (r.scale != 1) value = times(value, set(int32_t(r.scale)));
  return shifted(value, r);
}

// What Requantization::only_clamps tells, of sums that all have the same X.
template <typename Element>
class Clamping {
 public:
  // What some columns have besides: sums of int8 wrap at 32 bits with X, those of int16 and X need
  // 33.
  struct Addend {
    Vector wrapping;
    LongLanes scaled;
  };

  explicit Clamping(const Requantization& r)
      : scale_(set(r.scale_with_shift())),
        least_(set(r.activates ? 0 : std::numeric_limits<Element>::min())),
        half_(set_long(r.half_with_shift())) {}

  Addend addend(Vector x, Vector offset) const {
    return {add(x, offset), add(half_, multiply_long(x, scale_))};
  }
  // Before it is clamped to what elements hold.
  Vector apply(Vector sum, const Addend& addend) const {
    constexpr bool wraps = sizeof(Element) == 1;
    const auto product = multiply_long(wraps ? add(sum, addend.wrapping) : sum, scale_);
    return larger(high_halves(add(product, wraps ? half_ : addend.scaled)), least_);
  }

 private:
  Vector scale_, least_;
  LongLanes half_;
};

// Column by column, so that what a column has is computed once for all rows; by four vectors of
// columns where there are as many, which become elements together.
template <typename Element, typename Sums>
void clamp_tile(const Requantization& r, int rows, int columns, const Sums& sums,
                const int32_t* x, Element* c, ptrdiff_t ldc) {
  const Clamping<Element> clamping(r);
  const int32_t* offsets = sizeof(Element) == 1 ? offsets_of(sums) : nullptr;
  const auto addend = [&](int j, int count) {
    const auto own = !x ? zero() : count == lanes ? load_lanes(x + j) : load_part(x + j, count);
    return clamping.addend(own,
                           offsets ? load(offsets + j) : zero());
  };
  int j = 0;
  for (; j + 4 * lanes <= columns; j += 4 * lanes) {
    const auto first = addend(j, lanes), second = addend(j + lanes, lanes),
               third = addend(j + 2 * lanes, lanes), fourth = addend(j + 3 * lanes, lanes);
    auto* to = c + j;
    for (int i = 0; i < rows; ++i, to += ldc) {
      const Vector values[] = {clamping.apply(low_bits_of(sums, i, j), first),
                               clamping.apply(low_bits_of(sums, i, j + lanes), second),
                               clamping.apply(low_bits_of(sums, i, j + 2 * lanes), third),
                               clamping.apply(low_bits_of(sums, i, j + 3 * lanes), fourth)};
      store_four(to, values);
    }
  }
  for (; j < columns; j += lanes) {
    const int count = std::min(lanes, columns - j);
    const auto own = addend(j, count);
    auto* to = c + j;
    for (int i = 0; i < rows; ++i, to += ldc) {
      const auto value = clamping.apply(low_bits_of(sums, i, j), own);
      if (count == lanes) store_clamped(to, value);
      else store_clamped(to, value, count);
    }
  }
}

// What Requantization::keeps_low_bits tells, with nothing to add.
template <typename Element, typename Sums>
void keep_tile(int rows, int columns, const Sums& sums, Element* c, ptrdiff_t ldc) {
  for (int j = 0; j < columns; j += lanes) {
    const int count = std::min(lanes, columns - j);
    const auto* offsets = offsets_of(sums);
    const auto offset = offsets ? load(offsets + j) : zero();
    auto* to = c + j;
    for (int i = 0; i < rows; ++i, to += ldc) {
      const auto value = add(low_bits_of(sums, i, j), offset);
      if (count == lanes) store_lanes(to, value);
      else store_part(to, value, count);
    }
  }
}

template <Reach reach, typename Element, typename Addend, typename Sums>
void finish_tile(const Requantization& r, int rows, int columns, const Sums& given,
                 const void* addend, ptrdiff_t ldx, void* c, ptrdiff_t ldc) {
  const Sums sums = given;  // which no store to C can change
  auto* x_row = static_cast<const Addend*>(addend);
  auto* c_row = static_cast<Element*>(c);
  if constexpr (reach == Reach::fits_32 && sizeof(Addend) == 4)
    if (r.only_clamps() && (!addend || ldx == 0))
      return clamp_tile(r, rows, columns, sums, x_row, c_row, ldc);
  if (r.keeps_low_bits() && !addend) return keep_tile(rows, columns, sums, c_row, ldc);
  const bool saturates = reach != Reach::low_bits && r.saturates;
  const auto prelu_scale = set(r.prelu_scale);
  for (int i = 0; i < rows; ++i, c_row += ldc) {
    for (int j = 0; j < columns; j += lanes) {
      const int count = std::min(lanes, columns - j);
      auto x = zero();
      if (x_row) x = count == lanes ? load_lanes(x_row + j) : load_part(x_row + j, count);
      auto value = requantized<reach, Element>(r, sums, i, j, x_row != nullptr, x);
      if (saturates || r.activates) value = kept<Element>(value, saturates);
      if (r.activates)
        value =
            where_negative(value, shift_right(multiply(value, prelu_scale), r.prelu_alpha), value);
      if (count == lanes) store_lanes(c_row + j, value);
      else store_part(c_row + j, value, count);
    }
    if (x_row) x_row += ldx;
  }
}

template <typename Sums>
using FinishOf = void (*)(const Requantization&, int, int, const Sums&, const void*, ptrdiff_t,
                          void*, ptrdiff_t);

template <typename Sums, typename Element, typename Addend>
FinishOf<Sums> finish_for(Reach reach) {
  switch (reach) {
    case Reach::low_bits: return finish_tile<Reach::low_bits, Element, Addend, Sums>;
    case Reach::fits_32: return finish_tile<Reach::fits_32, Element, Addend, Sums>;
    default: return finish_tile<Reach::wide, Element, Addend, Sums>;
  }
}

template <typename Sums>
FinishOf<Sums> finish_of(Reach reach, int element_bytes, int addend_bytes) {
  if (element_bytes == 1)
    return addend_bytes == 1 ? finish_for<Sums, int8_t, int8_t>(reach)
                             : finish_for<Sums, int8_t, int32_t>(reach);
  return addend_bytes == 2 ? finish_for<Sums, int16_t, int16_t>(reach)
                           : finish_for<Sums, int16_t, int32_t>(reach);
}

}  // namespace
}  // namespace xfblas
