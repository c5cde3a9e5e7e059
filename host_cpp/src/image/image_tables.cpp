#include "image/image_tables.hpp"

namespace xfblas {
namespace {

constexpr auto invalid = XFBLAS_STATUS_IMAGE_INVALID;
constexpr uint32_t ip_kernel = 1;
constexpr uint32_t engine_arguments = 2;  // what it reads and what it writes

// A table that an image does not have holds nothing.
uint32_t entries_of(const Bytes& table) { return table.size() ? table.field<uint32_t>(0) : 0; }

struct Connection {
  uint32_t argument, compute_unit, bank;
};

std::vector<Connection> read_connections(const Bytes& section) {
  std::vector<Connection> connections;
  const auto count = entries_of(section);
  for (uint64_t i = 0; i < count; ++i) {
    const auto entry = section.part(4 + 12 * i, 12);
    connections.push_back(
        {entry.field<uint32_t>(0), entry.field<uint32_t>(4), entry.field<uint32_t>(8)});
  }
  return connections;
}

uint32_t bank_of(uint32_t index, const std::string& name, const Bytes& connectivity,
                 size_t bank_count) {
  uint32_t bank = 0;
  for (const auto& connection : read_connections(connectivity)) {
    if (connection.argument != 0 || connection.compute_unit != index) continue;
    bank = connection.bank;
    require(bank < bank_count, invalid, connectivity.path(), ": ", name,
            " is connected to memory bank ", bank, ", but there are ", bank_count);
  }
  return bank;
}

// fcnKernel of the entry fcnKernel:fcnKernel_1.
std::string kernel_of(const Bytes& ip_layout, uint32_t index) {
  const auto name = ip_layout.part(8 + 80 * uint64_t(index), 80).text(16, 64);
  return name.substr(0, name.find(':'));
}

bool is_engine(const std::string& kernel) {
  for (const char* name : {"fcnKernel", "gemmKernel", "gemvKernel", "blasKernel", "gemxKernel"})
    if (kernel == name) return true;
  return false;
}

}  // namespace

std::vector<MemoryBank> read_banks(const Bytes& section) {
  std::vector<MemoryBank> banks;
  const auto count = entries_of(section);
  for (uint64_t i = 0; i < count; ++i) {
    const auto bank = section.part(8 + 40 * i, 40);
    banks.push_back({bank.text(24, 16), bank.field<uint64_t>(8) * 1024});
  }
  return banks;
}

// IP_LAYOUT also lists memory controllers and the like, which CONNECTIVITY counts as well.
std::vector<KernelInstance> read_instances(const Bytes& section, const Bytes& connectivity,
                                           size_t bank_count) {
  std::vector<KernelInstance> instances;
  const auto count = entries_of(section);
  for (uint64_t i = 0; i < count; ++i) {
    const auto entry = section.part(8 + 80 * i, 80);
    const auto name = entry.text(16, 64);
    const auto colon = name.find(':');
    if (entry.field<uint32_t>(0) != ip_kernel || colon == std::string::npos) continue;
    const auto unit = name.substr(colon + 1);
    instances.push_back(
        {name.substr(0, colon), unit, bank_of(uint32_t(i), unit, connectivity, bank_count)});
  }
  return instances;
}

void check_connections(const char* name, const Bytes& connections, const Bytes& ip_layout,
                       const Bytes& topology) {
  const auto units = entries_of(ip_layout), banks = entries_of(topology);
  for (const auto& [argument, compute_unit, bank] : read_connections(connections)) {
    require(compute_unit < units && bank < banks, invalid, connections.path(), " is damaged: its ",
            name, " connects argument ", argument, " of compute unit ", compute_unit,
            " to memory bank ", bank, ", but there are ", units, " and ", banks);
    const auto kernel = kernel_of(ip_layout, compute_unit);
    require(!is_engine(kernel) || argument < engine_arguments, invalid, connections.path(),
            " is damaged: its ", name, " connects argument ", argument, " of ", kernel,
            ", which has ", engine_arguments);
  }
}

}  // namespace xfblas
