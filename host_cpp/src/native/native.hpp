// The embedded default: this CPU computes what the card would. Other rooms take from here the
// target, the coding of rows, which is this CPU's work on every target, the table of kernels, and
// the threads.
#ifndef XFBLAS_NATIVE_NATIVE_HPP
#define XFBLAS_NATIVE_NATIVE_HPP

#include <vector>

#include "native/coded_rows.hpp"
#include "native/kernels.hpp"
#include "native/near_scales.hpp"
#include "native/panel_cache.hpp"
#include "native/thread_pool.hpp"
#include "target/memory_target.hpp"
#include "xfblas.h"

namespace xfblas {

class NativeTarget : public MemoryTarget {
 public:
  NativeTarget(const Image& image, const Configuration& configuration, Engine engine,
               const std::vector<KernelInstance>& compute_units, const DeviceName& device);

  const char* name() const override { return "native"; }
  // This engine takes rows, and would have to unpack them again.
  bool prefers_packed() const override { return false; }
  void reserve(uint32_t compute_unit, uint64_t bytes) override;
  void write(uint32_t compute_unit, uint64_t offset, const void* from, const Rows& rows) override;
  void read(uint32_t compute_unit, uint64_t offset, void* to, const Rows& rows) override;
  bool keep(uint32_t compute_unit, const DeviceMatrix& matrix, const HostMatrix& from) override;
  void forget(uint32_t compute_unit, const DeviceMatrix& matrix) override;
  void run(uint32_t compute_unit) override;
  bool multiply(uint32_t compute_unit, const HostProduct& product) override;
  bool forward(uint32_t compute_unit, const ForwardPass& pass) override;

 private:
  Configuration configuration_;
  Engine engine_;
  std::vector<PanelCache> caches_;  // one for each compute unit
};

// What this engine found on this machine, and what it has done.
xfblasNative_t describe_native();

}  // namespace xfblas

#endif
