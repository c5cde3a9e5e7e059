#include "connection.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <stdexcept>

#include "wire.hpp"

namespace xfblas::emulation {
namespace {

// {size = 1 as fixed64, function = 2 as fixed32} before a request, {size} before a reply.
constexpr uint64_t request_header_bytes = 14;
constexpr char reply_header_tag = 0x09;
constexpr uint64_t largest_request = uint64_t(1) << 34;
constexpr uint64_t smallest_buffer = 1 << 18;
constexpr int socket_buffer_bytes = 4 << 20;

std::string socket_path() {
  const char* user = std::getenv("USER");
  const char* name = std::getenv("EMULATION_SOCKETID");
  const std::string folder = user ? std::string("/tmp/") + user + "/" : "/tmp/";
  return folder + (name ? name : "xcl_sock");
}

}  // namespace

Connection::Connection() {
  const auto path = socket_path();
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path)
    throw std::runtime_error("the socket's path is too long: " + path);
  std::memcpy(address.sun_path, path.c_str(), path.size());
  const pid_t host = getppid();
  while (getppid() == host) {
    // Never bind: the host does, and waits for us.
    descriptor_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(descriptor_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) {
      for (const int option : {SO_SNDBUF, SO_RCVBUF})
        setsockopt(descriptor_, SOL_SOCKET, option, &socket_buffer_bytes,
                   sizeof socket_buffer_bytes);
      return;
    }
    close(descriptor_);
    usleep(500);
  }
  throw HostGone();
}

Connection::~Connection() { close(descriptor_); }

std::string_view Connection::take(uint64_t count) {
  if (begin_ + count > buffer_.size()) {
    // What was received moves to the front, and the buffer grows where it is too short.
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
    if (count > buffer_.size()) buffer_.resize(std::max(count, smallest_buffer));
  }
  while (end_ - begin_ < count) {
    const auto received = recv(descriptor_, buffer_.data() + end_, buffer_.size() - end_, 0);
    if (received < 0 && errno == EINTR) continue;
    if (received <= 0) throw HostGone();
    end_ += uint64_t(received);
  }
  begin_ += count;
  return std::string_view(buffer_).substr(begin_ - count, count);
}

Request Connection::receive() {
  const Message header(take(request_header_bytes));
  const uint64_t size = header.number(1);
  if (size > largest_request)
    throw WireError("a request of " + std::to_string(size) + " bytes");
  const auto function = uint32_t(header.number(2));
  return {function, take(size)};
}

void Connection::send(const std::string& message) {
  const uint64_t size = message.size();
  std::string packet(1, reply_header_tag);
  packet.append(reinterpret_cast<const char*>(&size), sizeof size);
  packet += message;
  for (size_t done = 0; done < packet.size();) {
    const auto sent =
        ::send(descriptor_, packet.data() + done, packet.size() - done, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) throw HostGone();
    done += size_t(sent);
  }
}

}  // namespace xfblas::emulation
