#include "native/engine.hpp"

#include <algorithm>
#include <cstring>
#include <type_traits>
#include <vector>

#include "error.hpp"
#include "native/arithmetic.hpp"
#include "native/check.hpp"
#include "native/product.hpp"
#include "xfblas/cycle_model.hpp"
#include "xfblas/packed.hpp"

namespace xfblas {
namespace {

template <typename T>
T* at_page(char* memory, uint32_t page) {
  return page == 0 ? nullptr : reinterpret_cast<T*>(memory + uint64_t(page) * page_bytes);
}

// The rows of a packed operand one after the other, k of them. Used where a packed operand comes
// to this engine, which takes rows.
template <typename Element>
std::vector<Element> unpacked(const PackedLayout& layout, uint64_t k, uint64_t across,
                              const Element* packed) {
  std::vector<Element> rows(k * across);
  for (uint64_t i = 0; i < k; ++i)
    for (uint64_t j = 0; j < across; ++j)
      rows[i * across + j] = packed[layout.place(k, across, i, j)];
  return rows;
}

template <typename Element, typename Addend>
void run_product(char* memory, const Instruction& i, const std::optional<Machine>& machine) {
  using Sum = std::conditional_t<std::is_floating_point_v<Element>, float, int64_t>;
  using Epilogue =
      std::conditional_t<std::is_floating_point_v<Element>, FloatEpilogue, IntegerEpilogue>;
  Operands<Element, Addend> operands{
      at_page<Element>(memory, i.a), at_page<Element>(memory, i.b), at_page<Element>(memory, i.c),
      at_page<Addend>(memory, i.x), i.m, i.k, i.n, i.lda, i.ldb, i.ldc,
      i.flags & flag_bias_row ? 0 : i.ldx};
  std::vector<Element> a_rows, b_rows;
  if (i.flags & flag_a_packed) {
    // A is packed turned by 90 degrees.
    const PackedLayout layout{uint32_t(machine->tile_rows), uint32_t(machine->array_rows)};
    const auto turned = unpacked(layout, i.k, i.m, operands.a);
    a_rows.resize(turned.size());
    for (uint64_t row = 0; row < i.m; ++row)
      for (uint64_t p = 0; p < i.k; ++p) a_rows[row * i.k + p] = turned[p * i.m + row];
    operands.a = a_rows.data(), operands.lda = i.k;
  }
  if (i.flags & flag_b_packed) {
    const PackedLayout layout{uint32_t(machine->tile_columns), uint32_t(machine->array_columns)};
    b_rows = unpacked(layout, i.k, i.n, operands.b);
    operands.b = b_rows.data(), operands.ldb = i.n;
  }
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
void run_element(char* memory, const Instruction& instruction, const Configuration& configuration) {
  switch (instruction.opcode) {
    case opcode_gemv: return run_gemv<Element>(memory, instruction);
    case opcode_gemm:
      return run_product<Element, Element>(memory, instruction, configuration.machine);
    default: return run_product<Element, WideAddend>(memory, instruction, configuration.machine);
  }
}

void run_instruction(char* memory, const Instruction& instruction,
                     const Configuration& configuration) {
  switch (configuration.data_type) {
    case DataType::int16: return run_element<int16_t, int32_t>(memory, instruction, configuration);
    case DataType::float32: return run_element<float, float>(memory, instruction, configuration);
    default: return run_element<int8_t, int32_t>(memory, instruction, configuration);
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
  uint32_t allowed_pages = memory_pages;
  Clock clock(engine, configuration);
  auto* results = reinterpret_cast<Result*>(memory + result_page * page_bytes);
  for (uint32_t slot = 0; slot < configuration.instructions_per_launch; ++slot) {
    const auto instruction = program[slot];
    if (instruction.opcode == opcode_control) {
      Control control;
      std::memcpy(&control, &instruction, sizeof control);
      if (control.last) return;
      if (control.memory_pages != 0) allowed_pages = std::min(control.memory_pages, memory_pages);
      continue;
    }
    auto& result = results[slot];
    result.start = clock.now();
    result.status = check(instruction, allowed_pages, engine, configuration);
    if (result.status == status_ok) {
      run_instruction(memory, instruction, configuration);
      clock.pass(instruction);
    }
    result.end = clock.now();
  }
}

}  // namespace xfblas
