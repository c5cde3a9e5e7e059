// What a compute unit does from host arrays to host arrays in one call.
#include <algorithm>
#include <optional>

#include "device/compute_unit.hpp"
#include "error.hpp"
#include "native/native.hpp"

namespace xfblas {
namespace {

constexpr auto invalid = XFBLAS_STATUS_INVALID_VALUE;

// Fewer do not pay for the coding in single precision.
constexpr uint64_t fewest_near_rows = 4;

// A matrix that lives as long as one call.
class Temporary {
 public:
  Temporary(MatrixTable& matrices, const void* name) : matrices_(matrices), name_(name) {}
  ~Temporary() { matrices_.remove(name_); }
  Temporary(const Temporary&) = delete;
  const Matrix& operator*() const { return matrices_.find("matrix", name_); }

 private:
  MatrixTable& matrices_;
  const void* name_;
};

HostMatrix host_matrix(const void* data, int64_t rows, int64_t columns, int64_t leading_dimension,
                       int64_t element_bytes) {
  return {static_cast<const char*>(data), rows, columns, leading_dimension, element_bytes};
}

}  // namespace

void ComputeUnit::multiply(const Sizes& sizes, const void* a, const void* b, const void* device_b,
                           void* c) {
  const auto lock = idle();
  report_failure();
  require(engine_ != Engine::gemv, XFBLAS_STATUS_NOT_SUPPORTED,
          "the device was opened for the Gemv engine, expected Gemm or Fcn");
  require(!b != !device_b, invalid, "B and d_B are ", b ? "both given" : "both NULL",
          ", expected one of them");
  const int64_t element = configuration_.element_bytes();
  const auto host_a = host_matrix(a, sizes.m, sizes.k, sizes.lda, element);
  const auto host_b = host_matrix(b, sizes.k, sizes.n, sizes.ldb, element);
  const auto host_c = host_matrix(c, sizes.m, sizes.n, sizes.ldc, element);
  require_operand("A", host_a);
  if (b) require_operand("B", host_b);
  require_operand("C", host_c);
  require_disjoint("C", host_c, "A", host_a);
  if (b) require_disjoint("C", host_c, "B", host_b);
  HostProduct product{{}, a, b, c};
  auto& words = product.instruction;
  words.opcode = engine_ == Engine::fcn ? opcode_fcn : opcode_gemm;
  words.post = pack_post(1, 0), words.prelu = pack_prelu(1, 0);
  words.m = uint32_t(sizes.m), words.k = uint32_t(sizes.k), words.n = uint32_t(sizes.n);
  words.lda = uint32_t(sizes.lda), words.ldb = uint32_t(sizes.ldb);
  words.ldc = uint32_t(sizes.ldc);
  if (device_b) {
    const auto& matrix = matrices_.find("d_B", device_b);
    require(matrix.rows == sizes.k && matrix.columns == sizes.n, invalid, "d_B was allocated as ",
            matrix.rows, " x ", matrix.columns, ", but this product needs ", sizes.k, " x ",
            sizes.n);
    require(sizes.ldb == sizes.n || (sizes.k == 1 && sizes.ldb > sizes.n), invalid, "ldb is ",
            sizes.ldb, ", but d_B was allocated with a leading dimension of ", sizes.n);
    require(matrix.element_bytes == element, invalid, "d_B holds elements of ",
            matrix.element_bytes, " bytes, this engine expects ", element);
    require(matrix.pads_itself, XFBLAS_STATUS_NOT_SUPPORTED,
            "d_B was not made by xfblasMalloc or xfblasMallocPacked");
    words.b = matrix.page, words.ldb = matrix.leading_dimension;
  }
  run_queued();
  clear_blank();
  if (target_.multiply(index_, product)) return;

  const Temporary sent_a(matrices_, allocate_padded(sizes.m, sizes.k, element, false));
  const Temporary result(matrices_, allocate_padded(sizes.m, sizes.n, element, false));
  std::unique_ptr<Temporary> sent_b;
  if (b) {
    sent_b = std::make_unique<Temporary>(matrices_,
                                         allocate_padded(sizes.k, sizes.n, element, false));
    transfer_.write_with_padding(**sent_b, host_b);
  }
  transfer_.write_with_padding(*sent_a, host_a);
  const auto& weights = b ? **sent_b : matrices_.find("d_B", device_b);
  const Sizes sent{sizes.m, sizes.k, sizes.n, sizes.k, sizes.n, sizes.n, sizes.n};
  launcher_.run({maker_.product(sent, {&*sent_a, &weights, &*result, nullptr}, {})});
  transfer_.read(*result, host_c, static_cast<char*>(c));
}

void ComputeUnit::forward(ForwardPass pass, const void* a, const std::vector<Layer>& layers) {
  const auto lock = idle();
  report_failure();
  maker_.require_engine(Engine::fcn);
  require(configuration_.data_type != DataType::float32, XFBLAS_STATUS_NOT_SUPPORTED,
          "the image computes with float32, expected integers: they are what scales are for");
  require(!layers.empty(), invalid, "numLayers is 0, expected 1 or more");
  const auto& first = matrices_.find("d_A", a);
  const auto* input = &first;
  const auto rows = std::min<int64_t>(first.rows, std::max<int64_t>(1, int64_t(pass.rows)));
  auto k = int64_t(first.columns);
  pass.layers.reserve(layers.size());
  for (const auto& layer : layers) {
    const Matrices matrices{input, &matrices_.find("B", layer.b), &matrices_.find("C", layer.c),
                            layer.x ? &matrices_.find("X", layer.x) : nullptr};
    const Sizes sizes{rows, k, layer.columns, k, layer.columns, layer.columns, layer.columns};
    pass.layers.push_back(maker_.product(sizes, matrices, layer.epilogue).instruction);
    input = matrices.c;
    k = layer.columns;
  }
  pass.elements = uint64_t(first.columns);
  if (pass.rows == 0) return;
  require_consistent(pass, uint64_t(k), configuration_.element_bytes());
  std::optional<NearScales> near;
  if (pass.rows >= fewest_near_rows) pass.near = near.emplace(pass.coding).coding();
  run_queued();
  clear_blank();
  if (target_.forward(index_, pass)) return;
  forward_by_programs(pass, rows, first, *input);
}

void ComputeUnit::forward_by_programs(const ForwardPass& pass, int64_t capacity,
                                      const Matrix& first, const Matrix& last) {
  const auto element = int(configuration_.element_bytes());
  const auto k = int64_t(first.columns), n = int64_t(last.columns);
  std::vector<char> rows_in(size_t(capacity * k * element)), rows_out(size_t(capacity * n * element));
  for (uint64_t done = 0; done < pass.rows;) {
    const auto rows = std::min(uint64_t(capacity), pass.rows - done);
    quantize_rows(pass, done, rows, element, rows_in.data(), uint64_t(k * element));
    transfer_.write(first, host_matrix(rows_in.data(), int64_t(rows), k, k, element));
    std::vector<Operation> program;
    for (auto layer : pass.layers) {
      layer.m = uint32_t(rounded_up(int64_t(rows), configuration_.m_padding()));
      program.push_back({layer, {}});
    }
    launcher_.run(program);
    transfer_.read(last, host_matrix(nullptr, int64_t(rows), n, n, element), rows_out.data());
    dequantize_rows(pass, done, rows, element, rows_out.data(), uint64_t(n * element));
    done += rows;
  }
}

}  // namespace xfblas
