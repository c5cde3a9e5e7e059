// The products of a compute unit: queued on its matrices, or from host arrays in one call.
#include <memory>

#include "device/compute_unit.hpp"
#include "error.hpp"

namespace xfblas {
namespace {

constexpr auto invalid = XFBLAS_STATUS_INVALID_VALUE;
constexpr int64_t most_k_of_whole_sums = (int64_t(1) << 17) - 1;

// A matrix that lives as long as one call.
class Temporary {
 public:
  Temporary(MatrixTable& matrices, const void* name) : matrices_(matrices), name_(name) {}
  ~Temporary() { matrices_.remove(name_); }
  Temporary(const Temporary&) = delete;
  const DeviceMatrix& operator*() const { return matrices_.find("matrix", name_); }

 private:
  MatrixTable& matrices_;
  const void* name_;
};

}  // namespace

void ComputeUnit::gemm(const Sizes& sizes, const void* a, const void* b, const void* c,
                       bool adds_c) {
  const auto lock = idle();
  maker_.require_engine(Engine::gemm);
  const auto* result = &matrices_.find("C", c);
  const Matrices matrices{&matrices_.find("A", a), &matrices_.find("B", b), result,
                          adds_c ? result : nullptr};
  append(maker_.product(sizes, matrices, {}));
}

void ComputeUnit::gemv(int64_t m, int64_t n, int64_t lda, const void* a, const void* x,
                       const void* y) {
  const auto lock = idle();
  maker_.require_engine(Engine::gemv);
  const Matrices matrices{&matrices_.find("A", a), &matrices_.find("x", x), &matrices_.find("y", y),
                          nullptr};
  append(maker_.vector_product(m, n, lda, matrices));
}

void ComputeUnit::fcn(const Sizes& sizes, const void* a, const void* b, const void* c,
                      const void* x, const EpilogueFields& epilogue, const void* table) {
  const auto lock = idle();
  maker_.require_engine(Engine::fcn);
  const Matrices matrices{&matrices_.find("A", a), &matrices_.find("B", b), &matrices_.find("C", c),
                          x ? &matrices_.find("X", x) : nullptr,
                          table ? &matrices_.find("T", table) : nullptr};
  append(maker_.product(sizes, matrices, epilogue));
}

void ComputeUnit::softmax(int64_t m, int64_t k, const void* a, int64_t lda, const Softmax& softmax,
                          const void* c, int64_t ldc) {
  const auto lock = idle();
  const Matrices matrices{&matrices_.find("A", a),
                          &matrices_.find("parameters", softmax.parameters),
                          &matrices_.find("C", c), nullptr};
  append(maker_.softmax(m, k, softmax.classes, lda, ldc, matrices, softmax.fields));
}

void ComputeUnit::fcn_by_page(const Sizes& sizes, const Pages& pages,
                              const EpilogueFields& epilogue) {
  const auto lock = idle();
  maker_.require_engine(Engine::fcn);
  const auto operands = maker_.operands(sizes, pages, epilogue);
  const auto found = counted_pages_.pages_of(operands);
  const auto operation = maker_.product_by_page(sizes, found, epilogue, matrices_.arena());
  for (const auto& operand : operands_of(operation.instruction, engine_, configuration_))
    target_.reserve(index_, operand.end_page() * page_bytes);
  append(operation);
  counted_pages_.note_result(operands[2], found.c);
}

void ComputeUnit::multiply(const Sizes& sizes, const void* a, const void* b, const void* device_b,
                           void* c, bool whole_sums) {
  const auto lock = idle();
  report_failure();
  require(engine_ != Engine::gemv, XFBLAS_STATUS_NOT_SUPPORTED,
          "the device was opened for the Gemv engine, expected Gemm or Fcn");
  require(!b != !device_b, invalid, "B and d_B are ", b ? "both given" : "both NULL",
          ", expected one of them");
  const int64_t element = configuration_.element_bytes();
  const auto host_a = host_matrix(a, sizes.m, sizes.k, sizes.lda, element);
  const auto host_b = host_matrix(b, sizes.k, sizes.n, sizes.ldb, element);
  const auto host_c = host_matrix(c, sizes.m, sizes.n, sizes.ldc,
                                  whole_sums ? int64_t(sizeof(int64_t)) : element);
  require_operand("A", host_a);
  if (b) require_operand("B", host_b);
  require_operand("C", host_c);
  require_disjoint("C", host_c, "A", host_a);
  if (b) require_disjoint("C", host_c, "B", host_b);
  auto words = sizes;
  uint32_t page = 0;
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
    page = matrix.page, words.ldb = matrix.leading_dimension;
  }
  if (whole_sums) {
    require(configuration_.data_type != DataType::float32, XFBLAS_STATUS_NOT_SUPPORTED,
            "the image computes with float32, expected integers, whose sums are whole numbers");
    // The magnitude of the least int16 times itself is 2^30, and that of int8 2^14.
    require(sizes.k <= most_k_of_whole_sums, invalid, "k is ", sizes.k, ", expected at most ",
            most_k_of_whole_sums, ": more products may leave the sum's bits");
  }
  const HostProduct product{product_instruction(engine_, words, {0, page, 0, 0}, {}), a, b, c,
                            whole_sums};
  run_queued();
  clear_blank();
  if (target_.multiply(index_, product)) return;
  require(!whole_sums, XFBLAS_STATUS_NOT_SUPPORTED, "target ", target_.name(),
          " gives elements, expected native for whole sums: run the Fcn engine at several shifts");

  const Temporary sent_a(matrices_, allocate_padded(sizes.m, sizes.k, element));
  const Temporary result(matrices_, allocate_padded(sizes.m, sizes.n, element));
  std::unique_ptr<Temporary> sent_b;
  if (b) {
    sent_b = std::make_unique<Temporary>(matrices_, allocate_b(sizes.k, sizes.n, element, false));
    transfer_.write_with_padding(**sent_b, host_b);
  }
  transfer_.write_with_padding(*sent_a, host_a);
  const auto& weights = b ? **sent_b : matrices_.find("d_B", device_b);
  const Sizes sent{sizes.m, sizes.k, sizes.n, sizes.k, sizes.n, sizes.n, sizes.n};
  launcher_.run({maker_.product(sent, {&*sent_a, &weights, &*result, nullptr}, {})});
  transfer_.read(*result, host_c, static_cast<char*>(c));
}

}  // namespace xfblas
