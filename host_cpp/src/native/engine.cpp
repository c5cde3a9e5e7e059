#include "native/engine.hpp"

#include <cstring>
#include <type_traits>

#include "error.hpp"
#include "native/arithmetic.hpp"
#include "native/check.hpp"
#include "native/product.hpp"
#include "xfblas/cycle_model.hpp"

namespace xfblas {
namespace {

template <typename T>
T* at_page(char* memory, uint32_t page) {
  return page == 0 ? nullptr : reinterpret_cast<T*>(memory + uint64_t(page) * page_bytes);
}

template <typename Element, typename Addend>
void run_product(char* memory, const Instruction& i) {
  using Sum = std::conditional_t<std::is_floating_point_v<Element>, float, int64_t>;
  using Epilogue =
      std::conditional_t<std::is_floating_point_v<Element>, FloatEpilogue, IntegerEpilogue>;
  const Operands<Element, Addend> operands{
      at_page<Element>(memory, i.a), at_page<Element>(memory, i.b), at_page<Element>(memory, i.c),
      at_page<Addend>(memory, i.x), i.m, i.k, i.n, i.lda, i.ldb, i.ldc,
      i.flags & flag_bias_row ? 0 : i.ldx};
  matrix_product<Sum>(operands, Epilogue(i));
}

// y = A*x + y; words b and c hold the pages of x and y, words m and k the rows and columns of A.
template <typename Element>
void run_gemv(char* memory, const Instruction& i) {
  using Sum = std::conditional_t<std::is_floating_point_v<Element>, float, int64_t>;
  const auto* a = at_page<Element>(memory, i.a);
  const auto* x = at_page<Element>(memory, i.b);
  auto* y = at_page<Element>(memory, i.c);
  for (uint64_t row = 0; row < i.m; ++row) {
    Sum sum = 0;
    for (uint64_t p = 0; p < i.k; ++p) sum += Sum(a[row * i.lda + p]) * Sum(x[p]);
    y[row] = Element(sum + Sum(y[row]));
  }
}

template <typename Element, typename WideAddend>
void run_element(char* memory, const Instruction& instruction) {
  switch (instruction.opcode) {
    case opcode_gemv: return run_gemv<Element>(memory, instruction);
    case opcode_gemm: return run_product<Element, Element>(memory, instruction);
    default: return run_product<Element, WideAddend>(memory, instruction);
  }
}

void run_instruction(char* memory, const Instruction& instruction, DataType type) {
  switch (type) {
    case DataType::int16: return run_element<int16_t, int32_t>(memory, instruction);
    case DataType::float32: return run_element<float, float>(memory, instruction);
    default: return run_element<int8_t, int32_t>(memory, instruction);
  }
}

// Stamps results with the cycles that the configured engine would take; 0 where none is known.
class Clock {
 public:
  Clock(Engine engine, const Configuration& configuration) : machine_(configuration.machine) {
    if (!machine_) return;
    machine_->addend_lanes = configuration.addend_bytes(engine) / configuration.element_bytes();
    now_ = CycleModel(*machine_).launch();
  }
  uint64_t now() const { return now_; }
  void pass(const Instruction& instruction) {
    if (machine_) now_ += CycleModel(*machine_).instruction(instruction);
  }

 private:
  std::optional<Machine> machine_;
  uint64_t now_ = 0;
};

}  // namespace

void run_native(char* memory, uint32_t memory_pages, Engine engine,
                const Configuration& configuration) {
  const auto* program = reinterpret_cast<const Instruction*>(memory);
  Clock clock(engine, configuration);
  auto* results = reinterpret_cast<Result*>(memory + result_page * page_bytes);
  for (uint32_t slot = 0; slot < configuration.instructions_per_launch; ++slot) {
    const auto instruction = program[slot];
    if (instruction.opcode == opcode_control) {
      Control control;
      std::memcpy(&control, &instruction, sizeof control);
      if (control.last) return;
      continue;
    }
    auto& result = results[slot];
    result.start = clock.now();
    result.status = check(instruction, memory_pages, engine, configuration);
    if (result.status == status_ok) {
      run_instruction(memory, instruction, configuration.data_type);
      clock.pass(instruction);
    }
    result.end = clock.now();
  }
}

}  // namespace xfblas
