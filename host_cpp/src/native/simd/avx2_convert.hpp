// Floats into integers by AVX2. See avx512_convert.hpp.

namespace xfblas {
namespace {

struct Doubles {
  __m256d halves[2];
};

inline Doubles scaled(const float* from, const double* scales, const double* offsets) {
  Doubles values;
  for (int half = 0; half < 2; ++half) {
    auto value = _mm256_cvtps_pd(_mm_loadu_ps(from + 4 * half));
    if (offsets) value = _mm256_sub_pd(value, _mm256_loadu_pd(offsets + 4 * half));
    value = _mm256_mul_pd(value, _mm256_loadu_pd(scales + 4 * half));
    asm("" : "+x"(value));
    values.halves[half] = value;
  }
  return values;
}

inline bool exceed(const Doubles& values, double limit) {
  __m256d beyond[2];
  for (int half = 0; half < 2; ++half)
    beyond[half] = _mm256_cmp_pd(_mm256_andnot_pd(_mm256_set1_pd(-0.0), values.halves[half]),
                                 _mm256_set1_pd(limit), _CMP_NLE_UQ);
  return _mm256_movemask_pd(_mm256_or_pd(beyond[0], beyond[1])) != 0;
}

inline Vector nearest(const Doubles& values, double limit) {
  __m128i halves[2];
  for (int half = 0; half < 2; ++half) {
    const auto value = _mm256_min_pd(_mm256_max_pd(values.halves[half], _mm256_set1_pd(-limit)),
                                     _mm256_set1_pd(limit));
    halves[half] =
        _mm256_cvtpd_epi32(_mm256_round_pd(value, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
  }
  return _mm256_inserti128_si256(_mm256_castsi128_si256(halves[0]), halves[1], 1);
}

inline Doubles remainders(const Doubles& values, Vector whole, double base) {
  const __m128i halves[] = {_mm256_castsi256_si128(whole), _mm256_extracti128_si256(whole, 1)};
  Doubles rest;
  for (int half = 0; half < 2; ++half)
    rest.halves[half] = _mm256_mul_pd(
        _mm256_sub_pd(values.halves[half], _mm256_cvtepi32_pd(halves[half])), _mm256_set1_pd(base));
  return rest;
}

inline __m256 magnitudes(__m256 values) { return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), values); }

class NearRoundings {
 public:
  NearRoundings(float limit, const NearCoding& near)
      : clamp_(_mm256_set1_ps(limit + beyond_limit)),
        slope_(_mm256_set1_ps(near.slope)),
        most_certain_(_mm256_set1_ps(0.5f - near.margin)) {}

  template <int vectors>
  bool round(const float* from, const float* scales, const float* shifts,
             Vector (&whole)[vectors]) {
    const auto least = _mm256_sub_ps(_mm256_setzero_ps(), clamp_);
    auto farthest = _mm256_setzero_ps();
    for (int j = 0; j < vectors; ++j) {
      const auto product =
          _mm256_fmsub_ps(_mm256_loadu_ps(from + j * lanes), _mm256_loadu_ps(scales + j * lanes),
                          _mm256_loadu_ps(shifts + j * lanes));
      // What is none of the numbers gives way to the clamp.
      const auto value = _mm256_min_ps(_mm256_max_ps(product, least), clamp_);
      const auto rounded = _mm256_round_ps(value, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
      largest_ = _mm256_max_ps(largest_, magnitudes(value));
      farthest = _mm256_max_ps(farthest, magnitudes(_mm256_sub_ps(value, rounded)));
      whole[j] = _mm256_cvtps_epi32(rounded);
    }
    farthest = _mm256_fmadd_ps(largest_, slope_, farthest);
    return _mm256_movemask_ps(_mm256_cmp_ps(farthest, most_certain_, _CMP_GT_OQ)) == 0;
  }

  bool exceed() const {
    return _mm256_movemask_ps(_mm256_cmp_ps(largest_, clamp_, _CMP_GE_OQ)) != 0;
  }

 private:
  __m256 clamp_, slope_, most_certain_, largest_ = _mm256_setzero_ps();
};

}  // namespace
}  // namespace xfblas
