// One compute unit on a device of XRT: its kernel, its memory and its runs.
#ifndef XFBLAS_XRT_UNIT_HPP
#define XFBLAS_XRT_UNIT_HPP

#include <atomic>
#include <chrono>
#include <string>

#include "image/image.hpp"
#include "memory/memory.hpp"
#include "xrt/environment.hpp"
#include "xrt/xrt_device.hpp"

namespace xfblas {

class XrtUnit {
 public:
  // bytes: of memory to take.
  XrtUnit(XrtDevice& device, const KernelInstance& instance, uint64_t bytes,
          const XrtEnvironment& environment);
  ~XrtUnit();
  XrtUnit(const XrtUnit&) = delete;
  XrtUnit& operator=(const XrtUnit&) = delete;

  uint64_t bytes() const { return handles_.bytes; }
  // Each copies once between the memory and its mirror, or twice where a write must keep what
  // lies between its rows: XRT takes as long for a row as for a page or more.
  void write(uint64_t offset, const void* from, const Rows& rows);
  void read(uint64_t offset, void* to, const Rows& rows);
  void run();
  // Gives back what XRT holds for it because the program ends; false where a run is under way.
  bool end();

 private:
  void copy_from_device(uint64_t offset, uint64_t bytes);
  // The state in which the run ended, or the present one where it did not end in time.
  int wait(std::chrono::milliseconds limit) const;
  // Why the device process ended the run, or nothing.
  std::string take_failure(int state);
  [[noreturn]] void lose(int state);

  XrtDevice& device_;
  std::string name_, full_name_;  // fcnKernel_2, and as XRT wants it
  const XrtEnvironment& environment_;
  XrtHandles handles_;
  std::string failure_file_;  // empty where nobody writes one
  std::string lost_;          // why it can be used no more
  std::atomic<bool> is_running_{false};
};

}  // namespace xfblas

#endif
