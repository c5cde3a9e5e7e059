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

// Whether any value is farther from 0 than `limit`, or none of the numbers.
inline bool exceed(const Doubles& values, double limit) {
  const auto most = _mm512_set1_pd(limit);
  return _mm512_cmp_pd_mask(_mm512_abs_pd(values.halves[0]), most, _CMP_NLE_UQ) |
         _mm512_cmp_pd_mask(_mm512_abs_pd(values.halves[1]), most, _CMP_NLE_UQ);
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

// Of each lane, without a sign; by halves, so that no value waits for more than a few others.
template <int count>
inline __m512 largest_magnitude(const __m512* values) {
  if constexpr (count == 1) return _mm512_abs_ps(values[0]);
  else if constexpr (count == 2) return _mm512_range_ps(values[0], values[1], 11);
  else
    return _mm512_range_ps(largest_magnitude<count / 2>(values),
                           largest_magnitude<count - count / 2>(values + count / 2), 11);
}

// Integers nearest to values * scales - shifts in single precision, halves to even, clamped to
// +-limit, which is one itself.
class NearRoundings {
 public:
  NearRoundings(float limit, const NearCoding& near)
      : clamp_(_mm512_set1_ps(limit + beyond_limit)),
        slope_(_mm512_set1_ps(near.slope)),
        most_certain_(_mm512_set1_ps(0.5f - near.margin)) {}

  // False where a value lies so near to the middle between two integers that its side is in doubt.
  template <int vectors>
  bool round(const float* from, const float* scales, const float* shifts,
             Vector (&whole)[vectors]) {
    __m512 values[vectors], rests[vectors];
    for (int j = 0; j < vectors; ++j) {
      // The smaller magnitude with the sign of the value, or the clamp for what is no number.
      values[j] = _mm512_range_ps(
          _mm512_fmsub_ps(_mm512_loadu_ps(from + j * lanes), _mm512_loadu_ps(scales + j * lanes),
                          _mm512_loadu_ps(shifts + j * lanes)),
          clamp_, 2);
      // What is left of a value without the nearest integer.
      rests[j] = _mm512_reduce_ps(values[j], 8);
      whole[j] = _mm512_cvt_roundps_epi32(values[j], _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    }
    largest_ = _mm512_range_ps(largest_, largest_magnitude<vectors>(values), 11);
    const auto farthest = _mm512_fmadd_ps(largest_, slope_, largest_magnitude<vectors>(rests));
    return _mm512_cmp_ps_mask(farthest, most_certain_, _CMP_GT_OQ) == 0;
  }

  // Whether any value had to be clamped.
  bool exceed() const { return _mm512_cmp_ps_mask(largest_, clamp_, _CMP_GE_OQ) != 0; }

 private:
  __m512 clamp_, slope_, most_certain_, largest_ = _mm512_setzero_ps();
};

}  // namespace
}  // namespace xfblas
