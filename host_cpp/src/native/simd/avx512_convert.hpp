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

// Integers nearest to values * scales - shifts in single precision, halves to even, clamped to
// +-limit, which is one itself; and how far from an integer the farthest of these values was.
class NearRoundings {
 public:
  explicit NearRoundings(float limit) : clamp_(_mm512_set1_ps(limit + beyond_limit)) {}

  // In the low 16 bits of each lane.
  Vector take(const float* from, const float* scales, const float* shifts) {
    // The smaller magnitude with the sign of the value; what is none of the numbers is clamped too.
    const auto value = _mm512_range_ps(
        _mm512_fmsub_ps(_mm512_loadu_ps(from), _mm512_loadu_ps(scales), _mm512_loadu_ps(shifts)),
        clamp_, 2);
    // The larger magnitude, without a sign.
    largest_ = _mm512_range_ps(largest_, value, 11);
    // Beside 1.5 * 2^23 a float has no bits for a fraction, and its lowest bits count wholes.
    const auto whole = _mm512_set1_ps(12582912.0f);
    const auto rounded =
        _mm512_add_round_ps(value, whole, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    farthest_ = _mm512_range_ps(farthest_, _mm512_sub_ps(value, _mm512_sub_ps(rounded, whole)), 11);
    return _mm512_castps_si512(rounded);
  }

  // Whether no value lay within `margin` of the middle between two integers; forgets them.
  bool are_certain(float margin) {
    const auto doubtful =
        _mm512_cmp_ps_mask(farthest_, _mm512_set1_ps(0.5f - margin), _CMP_GT_OQ);
    farthest_ = _mm512_setzero_ps();
    return doubtful == 0;
  }
  // Whether any value had to be clamped.
  bool exceed() const { return _mm512_cmp_ps_mask(largest_, clamp_, _CMP_GE_OQ) != 0; }

 private:
  __m512 clamp_, farthest_ = _mm512_setzero_ps(), largest_ = _mm512_setzero_ps();
};

}  // namespace
}  // namespace xfblas
