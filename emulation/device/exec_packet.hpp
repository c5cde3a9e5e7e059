// Exec packets: the 4 KiB buffers in which the host tells XRT's scheduler what to start, and in
// which it reads how that ended. They are files that both sides map, so that a kernel's failure
// can be told in the packet's state; nothing else of the interface can tell it.
#ifndef XFBLAS_EMULATION_EXEC_PACKET_HPP
#define XFBLAS_EMULATION_EXEC_PACKET_HPP

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace xfblas::emulation {

// Values of enum ert_cmd_state.
enum class PacketState : uint32_t { fresh = 1, running = 3, completed = 4, error = 5 };

class ExecPackets {
 public:
  static constexpr uint64_t packet_bytes = 4096;

  ExecPackets() = default;
  ~ExecPackets();
  ExecPackets(const ExecPackets&) = delete;
  ExecPackets& operator=(const ExecPackets&) = delete;

  // Where the files are made; the host removes the folder.
  void use_folder(const std::string& folder) { folder_ = folder; }
  // The file that the host is to map, or empty where none can be made.
  std::string allocate(uint64_t address);
  void free(uint64_t address);

  // The address of the packet under way whose registers are these, from the first argument on.
  std::optional<uint64_t> find(const std::string& registers) const;
  // Null once the packet was freed.
  std::optional<PacketState> state(uint64_t address) const;
  void set_state(uint64_t address, PacketState state);

 private:
  struct Packet {
    std::string file;
    volatile uint32_t* words;
  };
  void release(const Packet& packet);

  std::string folder_;
  std::map<uint64_t, Packet> packets_;  // by address
};

}  // namespace xfblas::emulation

#endif
