// Where programs run. A target is one opened device; nothing above this line knows which kind.
#ifndef XFBLAS_TARGET_HPP
#define XFBLAS_TARGET_HPP

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "image/image.hpp"
#include "memory/memory.hpp"
#include "prediction/prediction.hpp"
#include "target/device_name.hpp"

namespace xfblas {

// One product of host arrays. The instruction's pages are those of operands on the device: word b
// where `b` is null, and x.
struct HostProduct {
  Instruction instruction;
  const void *a, *b;
  void* c;
  bool keeps_sums = false;  // C is the whole sums, int64
};

class Target {
 public:
  virtual ~Target() = default;  // closes the device

  virtual const char* name() const = 0;
  // As it was asked for; the BDF as well where it is a card and the address is known.
  virtual DeviceName device() const = 0;
  // Whether operands that stay are better packed as the kernel's array takes them.
  virtual bool prefers_packed() const { return true; }
  // Pages of memory that a compute unit may use.
  virtual uint32_t pages(uint32_t compute_unit) const = 0;
  // Makes sure that so much of a unit's memory is there, from its beginning on, before anything is
  // written, read or computed in it. Its first pages always are.
  virtual void reserve(uint32_t, uint64_t) {}
  // Copy to a unit's memory, and from it; offset is that of the first row there.
  virtual void write(uint32_t compute_unit, uint64_t offset, const void* from,
                     const Rows& rows) = 0;
  virtual void read(uint32_t compute_unit, uint64_t offset, void* to, const Rows& rows) = 0;
  // Takes the rows of a B operand that stays into a form of the target's own, in place of its
  // memory; false where it has none. The rows come back where anything but a product asks for them.
  virtual bool keep(uint32_t, const DeviceMatrix&, const HostMatrix&) { return false; }
  // What was kept of a range of memory that is free now.
  virtual void forget(uint32_t, const DeviceMatrix&) {}
  // Runs the instructions of page 0 and returns when page 1 holds their results.
  virtual void run(uint32_t compute_unit) = 0;

  // Whole calls, where the target can do without sending: false leaves the work to the verbs above.
  virtual bool multiply(uint32_t, const HostProduct&) { return false; }
  virtual bool forward(uint32_t, const ForwardPass&) { return false; }
};

}  // namespace xfblas

#endif
