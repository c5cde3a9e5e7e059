// Floats into integers by AVX-512: in double precision, or in single where that is certain.

namespace xfblas {
namespace {

// The lanes of a vector in double precision, eight and eight.
struct Doubles {
  __m512d halves[2];
};

// (value - offset) * scale; offsets may be null.
inline Doubles scaled(const float* from, const double* scales, const double* offsets) {
  Doubles values;
  for (int half = 0; half < 2; ++half) {
    auto value = _mm512_cvtps_pd(_mm256_loadu_ps(from + 8 * half));
    if (offsets) value = _mm512_sub_pd(value, _mm512_loadu_pd(offsets + 8 * half));
    value = _mm512_mul_pd(value, _mm512_loadu_pd(scales + 8 * half));
    // The product is rounded before anything is subtracted from it.
    asm("" : "+v"(value));
    values.halves[half] = value;
  }
  return values;
}

// The nearest integers, halves to even, clamped to +-limit.
inline Vector nearest(const Doubles& values, double limit) {
  __m256i halves[2];
  for (int half = 0; half < 2; ++half) {
    // The smaller magnitude with the sign of the value.
    const auto value = _mm512_range_pd(values.halves[half], _mm512_set1_pd(limit), 2);
    halves[half] = _mm512_cvt_roundpd_epi32(value, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  }
  return _mm512_inserti64x4(_mm512_castsi256_si512(halves[0]), halves[1], 1);
}

// (value - whole) * base
inline Doubles remainders(const Doubles& values, Vector whole, double base) {
  const __m256i halves[] = {_mm512_castsi512_si256(whole), _mm512_extracti64x4_epi64(whole, 1)};
  Doubles rest;
  for (int half = 0; half < 2; ++half)
    rest.halves[half] = _mm512_mul_pd(
        _mm512_sub_pd(values.halves[half], _mm512_cvtepi32_pd(halves[half])), _mm512_set1_pd(base));
  return rest;
}

// The integers nearest to value * scale, computed in single precision and clamped to +-limit, and
// whether none of these products lies within `margin` of the middle between two integers.
struct Roundings {
  Vector whole;
  bool are_certain;
};
inline Roundings roundings(const float* from, const float* scales, float limit, float margin) {
  const auto product = _mm512_mul_ps(_mm512_loadu_ps(from), _mm512_loadu_ps(scales));
  const auto value = _mm512_range_ps(product, _mm512_set1_ps(limit), 2);
  const auto whole =
      _mm512_cvt_roundps_epi32(value, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  const auto rest = _mm512_abs_ps(_mm512_sub_ps(value, _mm512_cvtepi32_ps(whole)));
  const auto doubtful = _mm512_cmp_ps_mask(rest, _mm512_set1_ps(0.5f - margin), _CMP_GT_OQ);
  return {whole, doubtful == 0};
}

}  // namespace
}  // namespace xfblas
