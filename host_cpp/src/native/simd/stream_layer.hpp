// A float layer of a streaming network, whose sums are added in the kernels' own order: the
// products of `fold` inputs in halves, one such block after the other, the bias last. A vector
// holds outputs side by side, so that the order within each is untouched.
#ifndef __clang__
#pragma GCC push_options
#pragma GCC optimize("O3")
#endif

namespace xfblas {
namespace {

constexpr int outputs_at_once = FloatStreamLayer::padding;
typedef float Outputs __attribute__((vector_size(4 * outputs_at_once), aligned(4)));

// Of the products of a block, those whose number is `first` and every `step`th behind it.
template <int step, int fold>
struct Halves {
  static __attribute__((always_inline)) inline void add(const float* x, const float* weights,
                                                        ptrdiff_t stride, Outputs& sum) {
    Outputs other;
    Halves<2 * step, fold>::add(x, weights, stride, sum);
    Halves<2 * step, fold>::add(x + step, weights + step * stride, stride, other);
    sum += other;
  }
};
template <int fold>
struct Halves<fold, fold> {
  static __attribute__((always_inline)) inline void add(const float* x, const float* weights,
                                                        ptrdiff_t, Outputs& sum) {
    sum = *x * *reinterpret_cast<const Outputs*>(weights);
  }
};

template <int fold>
void sum_outputs(const FloatStreamLayer& layer, const float* x, const float* weights,
                 const float* biases, float* to) {
  Outputs sums = {};
  for (int64_t i = 0; i < layer.padded_inputs; i += fold) {
    Outputs block;
    Halves<1, fold>::add(x + i, weights + i * layer.padded_outputs, layer.padded_outputs, block);
    sums += block;
  }
  *reinterpret_cast<Outputs*>(to) = sums + *reinterpret_cast<const Outputs*>(biases);
}

using SumOutputs = void (*)(const FloatStreamLayer&, const float*, const float*, const float*,
                            float*);

SumOutputs sum_outputs_for(int64_t fold) {
  switch (fold) {
    case 1: return sum_outputs<1>;
    case 2: return sum_outputs<2>;
    case 4: return sum_outputs<4>;
    case 8: return sum_outputs<8>;
    case 16: return sum_outputs<16>;
    case 32: return sum_outputs<32>;
    case 64: return sum_outputs<64>;
    case 128: return sum_outputs<128>;
    default: return sum_outputs<256>;
  }
}

void activate_floats(StreamFunction function, const float* s, int64_t count, float* x) {
  switch (function) {
    case StreamFunction::tanh:
      for (int64_t i = 0; i < count; ++i) x[i] = float_tanh(s[i]);
      break;
    case StreamFunction::sigmoid:
      for (int64_t i = 0; i < count; ++i) x[i] = float_sigmoid(s[i]);
      break;
    case StreamFunction::relu:
      for (int64_t i = 0; i < count; ++i) x[i] = s[i] < 0 ? 0.0f : s[i];
      break;
    default: std::copy(s, s + count, x);
  }
}

// x: rows of padded_inputs; sums and activations: rows of `outputs` and of padded_outputs.
void stream_layer(const FloatStreamLayer& layer, const float* x, int64_t rows, float* sums,
                  float* activations) {
  const auto sum = sum_outputs_for(layer.fold);
  // The columns of weights that a vector needs stay in the first-level cache for all rows.
  for (int64_t first = 0; first < layer.padded_outputs; first += outputs_at_once)
    for (int64_t row = 0; row < rows; ++row)
      sum(layer, x + row * layer.padded_inputs, layer.weights + first, layer.biases + first,
          activations + row * layer.padded_outputs + first);
  for (int64_t row = 0; row < rows; ++row) {
    float* found = activations + row * layer.padded_outputs;
    if (sums) std::copy(found, found + layer.outputs, sums + row * layer.outputs);
    activate_floats(layer.function, found, layer.outputs, found);
  }
}

}  // namespace
}  // namespace xfblas
#ifndef __clang__
#pragma GCC pop_options
#endif
