// The device process of software emulation: XRT starts it where Vitis' own would be, and talks
// to it as to a card. It runs the kernel library that an xfblas emulation image carries.
#include <signal.h>

#include <cstdlib>
#include <exception>

#include "connection.hpp"
#include "device.hpp"
#include "process.hpp"

namespace {

constexpr long default_time_limit = 60'000;  // milliseconds

xfblas::emulation::Milliseconds time_limit() {
  for (const char* name : {"XFBLAS_EMULATION_TIMEOUT_MS", "XFBLAS_TIMEOUT_MS"})
    if (const char* text = std::getenv(name))
      if (const long value = std::strtol(text, nullptr, 10); value > 0)
        return xfblas::emulation::Milliseconds(value);
  return xfblas::emulation::Milliseconds(default_time_limit);
}

}  // namespace

int main() {
  using namespace xfblas::emulation;
  close_files_except({});  // what the host had open is no business of ours
  // The terminal sends an interrupt to host and device alike; it is the host that decides.
  signal(SIGINT, SIG_IGN);
  signal(SIGPIPE, SIG_IGN);
  try {
    Connection connection;
    Device(time_limit()).serve(connection);
  } catch (const HostGone&) {
    return 0;
  } catch (const std::exception& error) {
    die(error.what());
  }
  return 0;
}
