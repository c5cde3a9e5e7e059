#include "native/engine.hpp"

#include <algorithm>
#include <cstring>
#include <optional>
#include <vector>

#include "native/feature_maps.hpp"
#include "native/float_product.hpp"
#include "native/multiply_on_tiles.hpp"
#include "native/product.hpp"
#include "native/softmax.hpp"
#include "xfblas/check.hpp"
#include "xfblas/map_cycles.hpp"
#include "xfblas/entry_table.hpp"
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

PackedLayout layout_of_b(const Machine& machine) {
  return {uint32_t(machine.tile_columns), uint32_t(machine.array_columns)};
}

// A packed operand's rows, where the instruction has one, in place of the operand.
template <typename Element>
struct UnpackedOperands {
  UnpackedOperands(char* memory, Instruction& i, const std::optional<Machine>& machine)
      : a(at_page<Element>(memory, i.a)), b(at_page<Element>(memory, i.b)) {
    if (i.flags & flag_a_packed) {
      // A is packed turned by 90 degrees.
      const PackedLayout layout{uint32_t(machine->tile_rows), uint32_t(machine->array_rows)};
      const auto turned = unpacked(layout, i.k, i.m, a);
      a_rows.resize(turned.size());
      for (uint64_t row = 0; row < i.m; ++row)
        for (uint64_t p = 0; p < i.k; ++p) a_rows[row * i.k + p] = turned[p * i.m + row];
      a = a_rows.data(), i.lda = i.k;
    }
    if (i.flags & flag_b_packed) {
      b_rows = unpacked(layout_of_b(*machine), i.k, i.n, b);
      b = b_rows.data(), i.ldb = i.n;
    }
  }

  const Element *a, *b;
  std::vector<Element> a_rows, b_rows;
};

void run_float_product(char* memory, Instruction i, const std::optional<Machine>& machine) {
  const UnpackedOperands<float> operands(memory, i, machine);
  const FloatProduct product{
      i.m, i.n, i.k, operands.a, i.lda, operands.b, i.ldb, 1, at_page<float>(memory, i.c), i.ldc};
  run_float(product, at_page<float>(memory, i.x), i.flags & flag_bias_row ? 0 : i.ldx,
            i.opcode == opcode_fcn && prelu_scale(i.prelu) == 0);
}

template <typename Element>
void run_unpacked_operands(char* memory, Instruction i, const Configuration& configuration) {
  const UnpackedOperands<Element> operands(memory, i, configuration.machine);
  auto product = integer_product(memory, i, configuration);
  product.a.data = operands.a;
  run_unpacked(product, {operands.b, i.ldb, int(sizeof(Element))});
}

void run_integer_product(char* memory, const Instruction& i, const Configuration& configuration,
                         PanelCache& cache) {
  if (i.flags & (flag_a_packed | flag_b_packed)) {
    if (configuration.data_type == DataType::int16)
      return run_unpacked_operands<int16_t>(memory, i, configuration);
    return run_unpacked_operands<int8_t>(memory, i, configuration);
  }
  const auto product = integer_product(memory, i, configuration);
  const auto b = source_of_b(memory, i, configuration);
  const auto panels = cache.find(b, i.m, i.k, i.n, !product.needs_low_bits_only());
  if (panels) run_packed(product, *panels);
  else run_unpacked(product, b);
}

// y = A*x + y; words b and c hold the pages of x and y, words m and k the rows and columns of A.
void run_gemv(char* memory, const Instruction& i, const Configuration& configuration) {
  if (configuration.data_type == DataType::float32)
    return run_float_vector(at_page<float>(memory, i.a), i.lda, i.m, i.k,
                            at_page<float>(memory, i.b), at_page<float>(memory, i.c));
  const SourceOfA a{at_page<char>(memory, i.a), i.lda, int(configuration.element_bytes())};
  run_vector_product(a, i.m, i.k, at_page<char>(memory, i.b), at_page<char>(memory, i.c));
}

// Rows that are read as they lie must be there; those of B are the cache's business.
// map: null for what walks none.
void restore_operands(const Instruction& i, const FeatureMap* map,
                      const Configuration& configuration, PanelCache& cache) {
  if (i.flags & (flag_a_packed | flag_b_packed)) return cache.restore(0, UINT64_MAX);
  const auto restore = [&](uint32_t page, uint64_t rows, uint64_t ld, uint64_t columns) {
    // Of X the elements are the longest.
    if (page) cache.restore(uint64_t(page) * page_bytes, ((rows - 1) * ld + columns) * 4);
  };
  if (map) {
    const auto a = range_of_a(i, *map, configuration.element_bytes());
    cache.restore(a.offset, a.bytes);
    if (i.opcode == opcode_window) restore(i.b, map->taps(), std::max(i.ldb, 1u), i.n);
  } else {
    restore(i.a, i.m, i.lda, i.k);
  }
  if (i.opcode == opcode_softmax) return restore(i.b, 1, 1, softmax_words(i));
  if (i.opcode == opcode_gemv || configuration.data_type == DataType::float32)
    restore(i.b, i.k, std::max(i.ldb, 1u), std::max(i.n, 1u));
  const bool has_epilogue = i.opcode == opcode_fcn || i.opcode == opcode_window;
  if (has_epilogue && activation(i.flags) == activation_table)
    restore(i.prelu, 1, table_entries, table_entries);
  const auto rows_of_x = map ? map->pixels() : i.m;
  if (i.opcode != opcode_gemv) restore(i.x, i.flags & flag_bias_row ? 1 : rows_of_x, i.ldx, i.n);
}

void run_on_map(char* memory, const Instruction& i, const FeatureMap& map,
                const Configuration& configuration, PanelCache& cache) {
  restore_operands(i, &map, configuration, cache);
  const auto c = range_of_c(i, map, configuration.element_bytes());
  cache.invalidate(c.offset, c.bytes);
  if (i.opcode == opcode_window) run_window(memory, i, map, configuration);
  else run_convolution(memory, i, map, configuration, cache);
}

void run_instruction(char* memory, const Instruction& i, const Configuration& configuration,
                     PanelCache& cache) {
  const uint64_t rows = i.opcode == opcode_gemv ? 1 : i.m;
  const uint64_t columns = i.opcode == opcode_gemv ? i.m : i.n;
  const uint64_t ldc = i.opcode == opcode_gemv ? i.m : i.ldc;
  restore_operands(i, nullptr, configuration, cache);
  cache.invalidate(uint64_t(i.c) * page_bytes,
                   ((rows - 1) * ldc + columns) * configuration.element_bytes());
  if (i.opcode == opcode_gemv) run_gemv(memory, i, configuration);
  else if (i.opcode == opcode_softmax)
    run_softmax_rows(memory, i, int(configuration.element_bytes()), at_page<char>(memory, i.a),
                     i.lda, i.m, at_page<char>(memory, i.c), i.ldc);
  else if (configuration.data_type == DataType::float32)
    run_float_product(memory, i, configuration.machine);
  else run_integer_product(memory, i, configuration, cache);
}

Accepted accepted_by(Engine engine, const Configuration& configuration) {
  const auto& machine = configuration.machine;
  return {engine == Engine::fcn    ? opcode_fcn
          : engine == Engine::gemm ? opcode_gemm
                                   : opcode_gemv,
          configuration.element_bytes(),
          configuration.addend_bytes(engine),
          machine ? uint32_t(machine->array_rows) : 0,
          machine ? uint32_t(machine->array_columns) : 0,
          configuration.data_type == DataType::float32};
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
  void pass(const Instruction& instruction, const Instruction& map) {
    if (machine_) now_ += MapCycles(*machine_, map).instruction(instruction);
  }

 private:
  std::optional<Machine> machine_;
  uint64_t now_ = 0;
};

}  // namespace

IntegerProduct integer_product(char* memory, const Instruction& i,
                               const Configuration& configuration) {
  const auto bytes = int(configuration.element_bytes());
  Requantization requantization(i);
  if (requantization.function == activation_table)
    requantization.entries = at_page<int32_t>(memory, i.prelu);
  return {i.m,
          i.k,
          i.n,
          {at_page<char>(memory, i.a), i.lda, bytes},
          at_page<char>(memory, i.x),
          i.flags & flag_bias_row ? 0 : i.ldx,
          int(configuration.addend_bytes(i.opcode == opcode_fcn ? Engine::fcn : Engine::gemm)),
          at_page<char>(memory, i.c),
          i.ldc,
          requantization};
}

SourceOfB source_of_b(char* memory, const Instruction& i, const Configuration& configuration) {
  return {at_page<char>(memory, i.b), i.ldb, int(configuration.element_bytes())};
}

std::shared_ptr<const Panels> panels_of_b(char* memory, const Instruction& i,
                                          const Configuration& configuration, PanelCache& cache,
                                          bool wide, int64_t rows, int64_t run) {
  auto b = source_of_b(memory, i, configuration);
  if (!(i.flags & flag_b_packed)) return cache.find_kept(b, rows, i.k, i.n, wide, run);
  auto panels = std::make_shared<Panels>();
  const auto pack = [&](const auto* packed) {
    const auto across = unpacked(layout_of_b(*configuration.machine), i.k, i.n, packed);
    panels->pack(kernels(), {across.data(), i.n, b.element_bytes}, i.k, 0, i.n, wide,
                 pays_on_tiles(kernels(), rows, i.k) ? PackedFor::tiles : PackedFor::vectors, run);
  };
  if (b.element_bytes == 2) pack(static_cast<const int16_t*>(b.data));
  else pack(static_cast<const int8_t*>(b.data));
  return panels;
}

void run_host_product(char* memory, const Configuration& configuration, const HostProduct& given,
                      PanelCache& cache) {
  const auto& i = given.instruction;
  if (configuration.data_type == DataType::float32) {
    const auto* b = given.b ? static_cast<const float*>(given.b) : at_page<float>(memory, i.b);
    return run_float({i.m, i.n, i.k, static_cast<const float*>(given.a), i.lda, b, i.ldb, 1,
                      static_cast<float*>(given.c), i.ldc},
                     nullptr, 0, false);
  }
  auto product = integer_product(memory, i, configuration);
  product.a.data = given.a;
  product.c = given.c;
  product.requantization.keeps_sums = given.keeps_sums;
  auto b = source_of_b(memory, i, configuration);
  if (given.b) {
    b.data = given.b;
    return run_unpacked(product, b);
  }
  run_packed(product, *cache.find_kept(b, product.m, product.k, product.n,
                               !product.needs_low_bits_only()));
}

void run_native(char* memory, uint32_t memory_pages, Engine engine,
                const Configuration& configuration, PanelCache& cache) {
  const auto* program = reinterpret_cast<const Instruction*>(memory);
  uint32_t allowed_pages = memory_pages;
  const auto accepted = accepted_by(engine, configuration);
  Clock clock(engine, configuration);
  auto* results = reinterpret_cast<Result*>(memory + result_page * page_bytes);
  Instruction map{};  // the one right before, or one of opcode 0
  for (uint32_t slot = 0; slot < configuration.instructions_per_launch; ++slot) {
    const auto instruction = program[slot];
    if (instruction.opcode == opcode_control) {
      Control control;
      std::memcpy(&control, &instruction, sizeof control);
      if (control.last) return;
      if (control.memory_pages != 0) allowed_pages = std::min(control.memory_pages, memory_pages);
      map = {};
      continue;
    }
    auto& result = results[slot];
    result.start = clock.now();
    result.status = check(instruction, map, allowed_pages, accepted);
    if (result.status == status_ok && instruction.opcode != opcode_map) {
      if (map.opcode == opcode_map)
        run_on_map(memory, instruction, feature_map(map), configuration, cache);
      else run_instruction(memory, instruction, configuration, cache);
      clock.pass(instruction, map);
    }
    map = instruction.opcode == opcode_map ? instruction : Instruction{};
    result.end = clock.now();
  }
}

}  // namespace xfblas
