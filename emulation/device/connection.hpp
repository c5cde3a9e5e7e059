// The socket to the host program, on which XRT's emulation sends a request and waits for a
// reply.
#ifndef XFBLAS_EMULATION_CONNECTION_HPP
#define XFBLAS_EMULATION_CONNECTION_HPP

#include <cstdint>
#include <string>
#include <string_view>

namespace xfblas::emulation {

// The host closed its end, or is gone.
struct HostGone {};

struct Request {
  uint32_t interface_number = 0;  // which function of the interface
  std::string_view body;          // valid until the next request
};

class Connection {
 public:
  // Connects to where this user's host listens; it may not do so yet, so this waits for it.
  Connection();
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  int descriptor() const { return descriptor_; }
  // Whether a request has been received in part or in whole, beyond the one last returned.
  bool has_more() const { return begin_ < end_; }

  Request receive();
  void send(const std::string& message);

 private:
  std::string_view take(uint64_t count);

  int descriptor_ = -1;
  std::string buffer_;
  uint64_t begin_ = 0, end_ = 0;  // the received bytes that were not taken yet
};

}  // namespace xfblas::emulation

#endif
