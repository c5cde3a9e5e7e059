// A stub in front of XRT's own libxrt_swemu.so.2, which it loads unchanged and by its full
// path.
//
// Debian's build of it has a defect: CpuemShim::alloc_void() enlarges a device's message buffer
// with realloc() and drops the new pointer, so that the first longer message damages the heap.
// Where this stub finds that defect in the machine code, it gives each device a buffer which
// never has to grow. Other builds are left alone.
#include <dlfcn.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <optional>

namespace {

constexpr char function_symbol[] = "_ZN12xclcpuemhal29CpuemShim10alloc_voidEm";
constexpr char devices_symbol[] = "_ZN12xclcpuemhal27devicesE";
constexpr uint32_t device_tag = 0x586C0C6C;  // the first word of a CpuemShim
constexpr uint64_t default_packet_bytes = 8 << 20;
constexpr uint64_t message_bytes = 1 << 20;  // what a message has beside its packet

// Where a CpuemShim keeps its buffer and the size of it.
struct Members {
  uint32_t buffer = 0, size = 0;
};

// An instruction of seven bytes: three of opcode, then an offset from an object's address.
std::optional<uint32_t> offset_of(const uint8_t* code, const uint8_t (&opcode)[3]) {
  if (std::memcmp(code, opcode, sizeof opcode) != 0) return std::nullopt;
  uint32_t offset;
  std::memcpy(&offset, code + sizeof opcode, sizeof offset);
  return offset;
}

// Null where the code is not the one with the defect.
std::optional<Members> find_defect(const uint8_t* code) {
  constexpr size_t code_bytes = 90, instruction_bytes = 7;
  constexpr uint32_t largest_offset = 0x4000;
  constexpr uint8_t load_from_this[3] = {0x48, 0x8b, 0x87};  // mov offset(%rdi),%rax
  constexpr uint8_t store_to_this[3] = {0x48, 0x89, 0x83};   // mov %rax,offset(%rbx)
  Members members;
  int stores = 0;
  for (size_t at = 0; at < code_bytes;) {
    const auto load = offset_of(code + at, load_from_this);
    const auto store = offset_of(code + at, store_to_this);
    if (load && members.size == 0) members.size = *load;
    if (store && stores++ == 0) members.buffer = *store;
    at += load || store ? instruction_bytes : 1;
  }
  // malloc's pointer is stored, realloc's is not; the size lies behind the pointer.
  const bool has_defect = stores == 1 && members.buffer > 0 && members.size < largest_offset &&
                          members.size == members.buffer + sizeof(void*);
  return has_defect ? std::optional(members) : std::nullopt;
}

uint64_t packet_bytes() {
  const char* text = std::getenv("SW_EMU_PACKET_SIZE");
  const uint64_t bytes = text ? std::strtoull(text, nullptr, 0) : 0;
  return bytes > 0 ? bytes : default_packet_bytes;
}

void give_buffer(char* device, const Members& members, uint64_t bytes) {
  uint32_t tag;
  std::memcpy(&tag, device, sizeof tag);
  auto* size = reinterpret_cast<uint64_t*>(device + members.size);
  if (tag != device_tag || *size != 0) return;
  void* buffer = std::malloc(bytes);  // pages that are never touched cost nothing
  if (buffer == nullptr) return;
  *reinterpret_cast<void**>(device + members.buffer) = buffer;
  *size = bytes;
}

__attribute__((constructor)) void load_and_mend() {
  const char* path = std::getenv("XFBLAS_EMULATION_SHIM");
  void* library = path ? dlopen(path, RTLD_NOW | RTLD_GLOBAL) : nullptr;
  if (library == nullptr) {
    std::fprintf(stderr, "xfblas emulation: XRT's libxrt_swemu.so.2 cannot be loaded: %s\n",
                 path ? dlerror() : "XFBLAS_EMULATION_SHIM is not set");
    return;
  }
  const auto* code = static_cast<const uint8_t*>(dlsym(library, function_symbol));
  const auto* devices =
      static_cast<const std::map<unsigned, void*>*>(dlsym(library, devices_symbol));
  if (code == nullptr || devices == nullptr) return;
  const auto members = find_defect(code);
  if (!members) return;
  for (const auto& entry : *devices)
    give_buffer(static_cast<char*>(entry.second), *members, packet_bytes() + message_bytes);
}

}  // namespace
