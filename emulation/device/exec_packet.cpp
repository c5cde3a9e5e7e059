#include "exec_packet.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

namespace xfblas::emulation {
namespace {

constexpr uint32_t state_mask = 0xf;
constexpr uint32_t start_unit_opcode = 0;  // ERT_START_CU
constexpr size_t first_argument = 0x10;    // in the registers; control registers come before

// struct ert_start_kernel_cmd of xrt/ert.h.
struct Header {
  explicit Header(uint32_t word)
      : state(word & state_mask),
        extra_masks(word >> 10 & 3),
        count(word >> 12 & 0x7ff),
        opcode(word >> 23 & 0x1f) {}
  uint32_t state, extra_masks, count, opcode;
};

bool starts_with(const volatile uint32_t* words, const std::string& registers) {
  const Header header(words[0]);
  if (header.opcode != start_unit_opcode || header.state < uint32_t(PacketState::fresh) ||
      header.state > uint32_t(PacketState::running))
    return false;
  // After the header: a mask of compute units, further masks, and the registers.
  const size_t masks = 1 + header.extra_masks;
  if (header.count <= masks) return false;
  const size_t bytes = std::min<size_t>((header.count - masks) * 4, registers.size());
  if (bytes <= first_argument) return false;
  const auto* values =
      reinterpret_cast<const char*>(const_cast<const uint32_t*>(words + 1 + masks));
  return std::memcmp(values + first_argument, registers.data() + first_argument,
                     bytes - first_argument) == 0;
}

}  // namespace

ExecPackets::~ExecPackets() {
  for (const auto& entry : packets_) release(entry.second);
}

void ExecPackets::release(const Packet& packet) {
  munmap(const_cast<uint32_t*>(packet.words), packet_bytes);
  unlink(packet.file.c_str());
}

std::string ExecPackets::allocate(uint64_t address) {
  const auto path = folder_ + "/packet_" + std::to_string(address);
  const int file = open(path.c_str(), O_CREAT | O_RDWR | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) return {};
  void* words = MAP_FAILED;
  if (ftruncate(file, packet_bytes) == 0)
    words = mmap(nullptr, packet_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  if (words == MAP_FAILED) {
    unlink(path.c_str());
    return {};
  }
  packets_[address] = {path, static_cast<volatile uint32_t*>(words)};
  return path;
}

void ExecPackets::free(uint64_t address) {
  const auto packet = packets_.find(address);
  if (packet == packets_.end()) return;
  release(packet->second);
  packets_.erase(packet);
}

std::optional<uint64_t> ExecPackets::find(const std::string& registers) const {
  for (const auto& [address, packet] : packets_)
    if (starts_with(packet.words, registers)) return address;
  return std::nullopt;
}

std::optional<PacketState> ExecPackets::state(uint64_t address) const {
  const auto packet = packets_.find(address);
  if (packet == packets_.end()) return std::nullopt;
  return PacketState(packet->second.words[0] & state_mask);
}

void ExecPackets::set_state(uint64_t address, PacketState state) {
  const auto packet = packets_.find(address);
  if (packet == packets_.end()) return;
  auto* word = packet->second.words;
  *word = (*word & ~state_mask) | uint32_t(state);
}

}  // namespace xfblas::emulation
