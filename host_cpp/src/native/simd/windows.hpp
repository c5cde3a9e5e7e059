// Windows of pixels, each channel alone. `taps` point to the first channel of each pixel.
#ifndef __clang__
#pragma GCC push_options
#pragma GCC optimize("O3")
#endif

namespace xfblas {
namespace {

// Calls body(first, count) for channels a chunk at a time; whole chunks have a constant count.
template <int chunk, typename Body>
inline void for_each_chunk(int64_t channels, const Body& body) {
  int64_t first = 0;
  for (; first + chunk <= channels; first += chunk) body(first, std::integral_constant<int, chunk>{});
  if (first < channels) body(first, int(channels - first));
}

template <typename Element>
void largest_of_taps(const void* const* taps, int64_t count, int64_t channels, void* to) {
  constexpr int chunk = 64 / sizeof(Element);
  for_each_chunk<chunk>(channels, [&](int64_t first, auto width) {
    Element most[chunk];
    std::memcpy(most, static_cast<const Element*>(taps[0]) + first, width * sizeof(Element));
    for (int64_t t = 1; t < count; ++t) {
      const auto* from = static_cast<const Element*>(taps[t]) + first;
      for (int c = 0; c < width; ++c) most[c] = std::max(most[c], from[c]);
    }
    std::memcpy(static_cast<Element*>(to) + first, most, width * sizeof(Element));
  });
}

// As average_of in xfblas/feature_map.hpp. A quotient of these integers is farther from the next one
// than double precision rounds.
template <typename Element>
void average_of_taps(const void* const* taps, int64_t count, int64_t channels, void* to) {
  constexpr int chunk = 64;
  for_each_chunk<chunk>(channels, [&](int64_t first, auto width) {
    int32_t sums[chunk] = {};
    for (int64_t t = 0; t < count; ++t) {
      const auto* from = static_cast<const Element*>(taps[t]) + first;
      for (int c = 0; c < width; ++c) sums[c] += from[c];
    }
    auto* elements = static_cast<Element*>(to) + first;
    const double divisor = 2.0 * double(count);
    for (int c = 0; c < width; ++c)
      elements[c] = Element(std::floor((2.0 * sums[c] + double(count)) / divisor));
  });
}

// Sums modulo 2^32 of taps times their rows of B, which are `ldb` elements apart.
template <typename Element>
void depthwise_sums(const void* const* taps, int64_t count, const void* b, int64_t ldb,
                    int64_t columns, int32_t* sums) {
  constexpr int chunk = 32;
  for_each_chunk<chunk>(columns, [&](int64_t first, auto width) {
    uint32_t found[chunk] = {};
    for (int64_t t = 0; t < count; ++t) {
      const auto* from = static_cast<const Element*>(taps[t]) + first;
      const auto* by = static_cast<const Element*>(b) + t * ldb + first;
      for (int c = 0; c < width; ++c) found[c] += uint32_t(int32_t(from[c]) * by[c]);
    }
    std::memcpy(sums + first, found, width * sizeof(uint32_t));
  });
}

// The same of int16 modulo 2^48, as wide_sums.hpp has them.
void depthwise_wide_sums(const void* const* taps, int64_t count, const void* b, int64_t ldb,
                         int64_t columns, int32_t* low, int32_t* high) {
  constexpr int chunk = 32;
  for_each_chunk<chunk>(columns, [&](int64_t first, auto width) {
    int64_t found[chunk] = {};
    for (int64_t t = 0; t < count; ++t) {
      const auto* from = static_cast<const int16_t*>(taps[t]) + first;
      const auto* by = static_cast<const int16_t*>(b) + t * ldb + first;
      for (int c = 0; c < width; ++c) found[c] += int32_t(from[c]) * by[c];
    }
    for (int c = 0; c < width; ++c)
      low[first + c] = int32_t(found[c]), high[first + c] = int32_t(found[c] >> 16);
  });
}

}  // namespace
}  // namespace xfblas
#ifndef __clang__
#pragma GCC pop_options
#endif
