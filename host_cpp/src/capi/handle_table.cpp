#include "capi/handle_table.hpp"

#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>

#include "error.hpp"

namespace xfblas {

// No lock guards it: calls of microseconds would notice one, and a fork might come while it is
// held.
struct alignas(64) Place {
  std::atomic<uintptr_t> handle{0};
  std::atomic<int> calls{0};  // under way
  Device* device = nullptr;
};

namespace {

constexpr auto not_initialized = XFBLAS_STATUS_NOT_INITIALIZED;
constexpr unsigned index_bits = 14;
constexpr uintptr_t most_devices = uintptr_t(1) << index_bits;
// No address of a program has the highest bit.
constexpr uintptr_t mark = uintptr_t(1) << (8 * sizeof(uintptr_t) - 1);
// Of a place whose device is not there yet, or about to go.
constexpr uintptr_t in_transit = 1;
constexpr useconds_t closing_interval = 50;

std::array<Place, most_devices> places;
std::atomic<uintptr_t> used_places{0};  // those behind were never taken
std::atomic<uintptr_t> serial{0};

uintptr_t number_of(xfblasHandle_t handle) { return reinterpret_cast<uintptr_t>(handle); }

Place& place_of(xfblasHandle_t handle) {
  require(handle != nullptr, not_initialized,
          "handle is NULL: create the device first, and do not use it after it was destroyed");
  return places[number_of(handle) & (most_devices - 1)];
}

[[noreturn]] void fail_unknown() {
  fail(not_initialized,
       "handle is no device: pass what xfblasCreate gave, do not use it after it was destroyed, "
       "nor in a fork of this process that came while another thread was using it");
}

void leave_behind() {
  for (uintptr_t i = 0; i < used_places; ++i) {
    auto& place = places[i];
    if (place.calls == 0 && place.handle != in_transit) continue;
    place.device = nullptr;
    place.calls = 0;
    place.handle = 0;
  }
}

[[maybe_unused]] const int registered = pthread_atfork(nullptr, nullptr, leave_behind);

}  // namespace

xfblasHandle_t add_handle(std::unique_ptr<Device> device) {
  for (uintptr_t i = 0; i < most_devices; ++i) {
    auto& place = places[i];
    uintptr_t free = 0;
    if (!place.handle.compare_exchange_strong(free, in_transit)) continue;
    for (auto used = used_places.load(); used <= i;)
      if (used_places.compare_exchange_weak(used, i + 1)) break;
    place.device = device.release();
    const auto number = mark | ++serial << index_bits | i;
    place.handle = number;
    return reinterpret_cast<xfblasHandle_t>(number);
  }
  fail(XFBLAS_STATUS_ALLOC_FAILED, most_devices, " devices are open already: destroy some first");
}

void remove_handle(xfblasHandle_t handle) {
  auto& place = place_of(handle);
  auto number = number_of(handle);
  if (number <= in_transit || !place.handle.compare_exchange_strong(number, in_transit))
    fail_unknown();
  while (place.calls > 0) usleep(closing_interval);
  delete place.device;
  place.device = nullptr;
  place.handle = 0;
}

DeviceCall::DeviceCall(xfblasHandle_t handle) : place_(place_of(handle)) {
  ++place_.calls;
  const auto number = number_of(handle);
  if (number > in_transit && place_.handle == number) return;
  --place_.calls;
  fail_unknown();
}

DeviceCall::~DeviceCall() { --place_.calls; }

Device& DeviceCall::device() const { return *place_.device; }

}  // namespace xfblas
