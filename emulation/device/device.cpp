#include "device.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>

namespace xfblas::emulation {
namespace {

// Functions of XRT's emulation interface, and below them the fields of their messages.
enum Function : uint32_t {
  close_device = 1,
  load_image = 3,
  allocate_buffer = 4,
  free_buffer = 5,
  copy_from_host = 6,
  copy_from_device = 7,
  write_kernel_control = 9,
  read_kernel_control = 11,
  set_environment = 20,
  copy_buffer = 22,
  import_buffer = 27,
  set_up_instance = 28,
  copy_buffer_from_file = 50,
  write_register = 51,
  read_register = 52,
  driver_version = 53,
};
constexpr uint32_t reply_status = 1, reply_data = 2;

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
}

// XRT keeps each device's files in a folder named device0, device1 and so on; the run folder
// may serve several hosts.
std::string failure_prefix(const std::string& device_folder) {
  const char* folder = std::getenv("XFBLAS_EMULATION_FAILURES");
  if (folder == nullptr || *folder == 0) return {};
  const auto slash = device_folder.find_last_not_of('/');
  const auto trimmed = device_folder.substr(0, slash == std::string::npos ? 0 : slash + 1);
  const auto digits = trimmed.find_last_not_of("0123456789");
  const auto index = trimmed.substr(digits == std::string::npos ? 0 : digits + 1);
  return std::string(folder) + "/" + std::to_string(getppid()) + "-" + index + "-";
}

}  // namespace

Device::Device(Milliseconds time_limit) { card_.time_limit = time_limit; }

void Device::serve(Connection& connection) {
  for (bool serves = true; serves;) {
    wait(connection);
    for (const auto& unit : units_) unit->advance();
    pollfd socket{connection.descriptor(), POLLIN, 0};
    if (!connection.has_more() && poll(&socket, 1, 0) <= 0) continue;
    Reply reply;
    serves = answer(connection.receive(), reply);
    connection.send(reply.encoded());
  }
}

void Device::wait(const Connection& connection) const {
  if (connection.has_more()) return;
  std::vector<pollfd> watched{{connection.descriptor(), POLLIN, 0}};
  std::optional<Clock::time_point> first;
  for (const auto& unit : units_) {
    if (unit->descriptor() >= 0) watched.push_back({unit->descriptor(), POLLIN, 0});
    if (const auto next = unit->next()) first = first ? std::min(*first, *next) : *next;
  }
  int milliseconds = -1;
  if (first) {
    const auto left = std::chrono::ceil<Milliseconds>(*first - Clock::now()).count();
    milliseconds = int(std::clamp<int64_t>(left, 0, 1000));
  }
  poll(watched.data(), watched.size(), milliseconds);
}

bool Device::answer(const Request& request, Reply& reply) {
  const Message message(request.body);
  switch (request.interface_number) {
    case close_device: {
      const bool closes_all = message.number(3);
      unload();
      reply.number(reply_status, 1);
      return !closes_all;  // else it is a reset before an image is loaded
    }
    case load_image:
      load(message, reply);
      break;
    case allocate_buffer:
      allocate(message, reply);
      break;
    case free_buffer:
      card_.memory.free(message.number(1));
      card_.packets.free(message.number(1));
      reply.number(reply_status, 1);
      break;
    case copy_from_host:
      copy_to_device(message, reply);
      break;
    case copy_from_device:
      copy_to_host(message, reply);
      break;
    case write_kernel_control:
      write_registers(message.number(2), message.bytes(4), reply);
      break;
    case read_kernel_control:
      read_registers(message.number(2), message.number(3), reply);
      break;
    case write_register:
      write_registers(message.number(1) + message.number(2), message.bytes(3), reply);
      break;
    case read_register:
      read_registers(message.number(1) + message.number(2), message.number(3), reply);
      break;
    case set_environment:
    case set_up_instance:
    case driver_version:
      reply.number(reply_status, 1);
      break;
    // Buffers that two devices share: XRT then copies through the host.
    case copy_buffer:
    case import_buffer:
    case copy_buffer_from_file:
      reply.number(reply_status, 0);
      break;
    default:
      die("XRT asks for function " + std::to_string(request.interface_number) +
          " of its emulation interface, which is not known here");
  }
  return true;
}

void Device::load(const Message& request, Reply& reply) {
  unload();
  const auto metadata = request.text(1), library = request.text(2), folder = request.text(4);
  card_.packets.use_folder(folder);
  card_.failure_prefix = failure_prefix(folder);
  card_.library = open(library.c_str(), O_RDONLY | O_CLOEXEC);
  if (card_.library < 0)
    report("cannot open the image's kernel library: " + std::string(std::strerror(errno)));
  for (const auto& instance : instances_of(read_file(metadata)))
    units_.push_back(std::make_unique<ComputeUnit>(card_, instance));
  if (units_.empty()) report("the image's metadata name no compute unit");
  reply.number(reply_status, card_.library >= 0 && !units_.empty());
}

void Device::unload() {
  units_.clear();
  if (card_.library >= 0) close(card_.library);
  card_.library = -1;
}

void Device::allocate(const Message& request, Reply& reply) {
  const uint64_t address = request.number(1), bytes = request.number(2);
  const bool is_allocated = card_.memory.allocate(address, bytes);
  reply.number(reply_status, is_allocated);
  // XRT takes any buffer from a file; only packets are given one, so that a host that forgets
  // to copy a matrix is found out. With several cards none are: loading one of them makes XRT
  // unmap the files of all.
  static const bool shares_packets = std::getenv("XFBLAS_EMULATION_SHARES_PACKETS") != nullptr;
  const bool may_be_packet =
      shares_packets && request.number(3) && bytes == ExecPackets::packet_bytes;
  if (!is_allocated || !may_be_packet) return;
  const auto file = card_.packets.allocate(address);
  if (!file.empty()) reply.bytes(reply_data, file);
}

void Device::copy_to_device(const Message& request, Reply& reply) {
  const auto bytes = request.bytes(4);
  char* to = card_.memory.find(request.number(3), bytes.size());
  if (to == nullptr) die("the host writes to an address that belongs to no buffer");
  std::memcpy(to, bytes.data(), bytes.size());
  reply.number(reply_status, bytes.size());
}

void Device::copy_to_host(const Message& request, Reply& reply) {
  const uint64_t bytes = request.number(5);
  const char* from = card_.memory.find(request.number(4), bytes);
  if (from == nullptr) die("the host reads from an address that belongs to no buffer");
  reply.number(reply_status, bytes).bytes(reply_data, {from, bytes});
}

void Device::write_registers(uint64_t address, std::string_view bytes, Reply& reply) {
  const auto unit = std::find_if(units_.begin(), units_.end(), [&](const auto& candidate) {
    return candidate->holds(address, bytes.size());
  });
  if (unit != units_.end()) (*unit)->write(address, bytes);
  reply.number(reply_status, unit != units_.end());
}

void Device::read_registers(uint64_t address, uint64_t bytes, Reply& reply) {
  const auto unit = std::find_if(units_.begin(), units_.end(), [&](const auto& candidate) {
    return candidate->holds(address, bytes);
  });
  const bool is_found = unit != units_.end();
  reply.number(reply_status, is_found);
  reply.bytes(reply_data, is_found ? (*unit)->read(address, bytes) : std::string(4, '\0'));
}

}  // namespace xfblas::emulation
