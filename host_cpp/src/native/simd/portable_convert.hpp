// Floats into integers on any CPU. See avx512_convert.hpp.

namespace xfblas {
namespace {

struct Doubles {
  double values[lanes];
};

inline Doubles scaled(const float* from, const double* scales, const double* offsets) {
  Doubles found;
  for (int i = 0; i < lanes; ++i) {
    const volatile double product = (from[i] - (offsets ? offsets[i] : 0)) * scales[i];
    found.values[i] = product;
  }
  return found;
}

inline bool exceed(const Doubles& found, double limit) {
  return !std::all_of(found.values, found.values + lanes,
                      [&](double value) { return std::abs(value) <= limit; });
}

inline Vector nearest(const Doubles& from, double limit) {
  int32_t whole[lanes];
  for (int i = 0; i < lanes; ++i)
    whole[i] = int32_t(std::nearbyint(std::min(limit, std::max(-limit, from.values[i]))));
  return load(whole);
}

inline Doubles remainders(const Doubles& from, Vector whole, double base) {
  Doubles rest;
  for (int i = 0; i < lanes; ++i) rest.values[i] = (from.values[i] - int32_t(whole[i])) * base;
  return rest;
}

// Nothing is gained here by single precision, so that nothing is certain.
class NearRoundings {
 public:
  NearRoundings(float, const NearCoding&) {}
  template <int vectors>
  bool round(const float*, const float*, const float*, Vector (&)[vectors]) {
    return false;
  }
  bool exceed() const { return false; }
};

}  // namespace
}  // namespace xfblas
