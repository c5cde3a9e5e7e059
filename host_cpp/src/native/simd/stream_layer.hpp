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

// Rows that share what is loaded of the weights.
constexpr int rows_at_once = 4;

template <int rows>
struct SumsOfRows {
  Outputs row[rows];
};

// Inputs of some rows, and their weights for the outputs of a vector, `step` inputs apart.
struct Operands {
  const float *x, *weights;
  ptrdiff_t x_stride, weight_stride;

  Operands from(int64_t input) const {
    return {x + input, weights + input * weight_stride, x_stride, weight_stride};
  }
};

// The sum of `count` products, `step` inputs apart: those with even numbers and those with odd ones,
// each added up the same way.
template <int count, int rows>
struct Halves {
  static __attribute__((always_inline)) inline void add(const Operands& from, int64_t step,
                                                        SumsOfRows<rows>& sums) {
    SumsOfRows<rows> others;
    Halves<count / 2, rows>::add(from, 2 * step, sums);
    Halves<count / 2, rows>::add(from.from(step), 2 * step, others);
    for (int r = 0; r < rows; ++r) sums.row[r] += others.row[r];
  }
};
template <int rows>
struct Halves<1, rows> {
  static __attribute__((always_inline)) inline void add(const Operands& from, int64_t,
                                                        SumsOfRows<rows>& sums) {
    const Outputs w = *reinterpret_cast<const Outputs*>(from.weights);
    for (int r = 0; r < rows; ++r) sums.row[r] = from.x[r * from.x_stride] * w;
  }
};

// More than these are added by calls, which compilers take in a fraction of the time.
constexpr int64_t most_inlined = 16;

template <int rows>
__attribute__((noinline)) void add_products(const Operands& from, int64_t count, int64_t step,
                                            SumsOfRows<rows>& sums) {
  switch (count) {
    case 1: return Halves<1, rows>::add(from, step, sums);
    case 2: return Halves<2, rows>::add(from, step, sums);
    case 4: return Halves<4, rows>::add(from, step, sums);
    case 8: return Halves<8, rows>::add(from, step, sums);
    case most_inlined: return Halves<most_inlined, rows>::add(from, step, sums);
    default:
      SumsOfRows<rows> others;
      add_products<rows>(from, count / 2, 2 * step, sums);
      add_products<rows>(from.from(step), count / 2, 2 * step, others);
      for (int r = 0; r < rows; ++r) sums.row[r] += others.row[r];
  }
}

template <int rows>
void sum_rows(const FloatStreamLayer& layer, const Operands& from, const float* biases,
              float* to) {
  SumsOfRows<rows> sums = {};
  for (int64_t i = 0; i < layer.padded_inputs; i += layer.fold) {
    SumsOfRows<rows> block;
    add_products<rows>(from.from(i), layer.fold, 1, block);
    for (int r = 0; r < rows; ++r) sums.row[r] += block.row[r];
  }
  const Outputs bias = *reinterpret_cast<const Outputs*>(biases);
  for (int r = 0; r < rows; ++r)
    *reinterpret_cast<Outputs*>(to + r * layer.padded_outputs) = sums.row[r] + bias;
}

void sum_outputs(const FloatStreamLayer& layer, const float* x, int64_t rows, float* to) {
  for (int64_t first = 0; first < layer.padded_outputs; first += outputs_at_once) {
    const float* biases = layer.biases + first;
    const auto at = [&](int64_t row) {
      return Operands{x + row * layer.padded_inputs, layer.weights + first, layer.padded_inputs,
                      layer.padded_outputs};
    };
    const auto place = [&](int64_t row) { return to + row * layer.padded_outputs + first; };
    int64_t row = 0;
    for (; row + rows_at_once <= rows; row += rows_at_once)
      sum_rows<rows_at_once>(layer, at(row), biases, place(row));
    for (; row < rows; ++row) sum_rows<1>(layer, at(row), biases, place(row));
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
  sum_outputs(layer, x, rows, activations);
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
