// The emulated card: answers the requests of XRT's software emulation.
#ifndef XFBLAS_EMULATION_DEVICE_HPP
#define XFBLAS_EMULATION_DEVICE_HPP

#include <memory>
#include <string>
#include <vector>

#include "compute_unit.hpp"
#include "connection.hpp"
#include "wire.hpp"

namespace xfblas::emulation {

class Device {
 public:
  explicit Device(Milliseconds time_limit);

  // Serves the host until it closes the device or is gone.
  void serve(Connection& connection);

 private:
  void wait(const Connection& connection) const;
  // Fills the reply; false where it is the last one.
  bool answer(const Request& request, Reply& reply);

  void load(const Message& request, Reply& reply);
  void unload();
  void allocate(const Message& request, Reply& reply);
  void copy_to_device(const Message& request, Reply& reply);
  void copy_to_host(const Message& request, Reply& reply);
  void write_registers(uint64_t address, std::string_view bytes, Reply& reply);
  void read_registers(uint64_t address, uint64_t bytes, Reply& reply);

  Card card_;
  std::vector<std::unique_ptr<ComputeUnit>> units_;
};

}  // namespace xfblas::emulation

#endif
