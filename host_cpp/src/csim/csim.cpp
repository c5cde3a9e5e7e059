#include "csim/csim.hpp"

#include <dlfcn.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <mutex>
#include <unordered_map>

#include "error.hpp"
#include "process_state.hpp"

namespace xfblas {
namespace {

constexpr auto invalid = XFBLAS_STATUS_IMAGE_INVALID;

// A file that only this process sees, because the loader wants a path. It stays open, because the
// loader takes a second library of the same path for the first one.
int make_memory_file(const std::string& bytes) {
  const int descriptor = memfd_create("xfblas", MFD_CLOEXEC);
  require(descriptor >= 0, XFBLAS_STATUS_ALLOC_FAILED,
          "cannot make room for the image's kernel library: ", std::strerror(errno));
  for (size_t done = 0; done < bytes.size();) {
    const auto written = ::write(descriptor, bytes.data() + done, bytes.size() - done);
    if (written <= 0) {
      const auto reason = errno;
      ::close(descriptor);
      fail(XFBLAS_STATUS_ALLOC_FAILED, "cannot copy the image's kernel library of ", bytes.size(),
           " bytes: ", std::strerror(reason));
    }
    done += size_t(written);
  }
  return descriptor;
}

struct LoadedLibraries {
  std::mutex mutex;
  std::unordered_map<std::string, void*> handles;  // by their bytes
};

// Loads a library once for the life of the process: the thread-local state of its simulation
// keeps it from being unloaded, so opening an image again must not load it again.
void* load_once(const std::string& bytes, const std::string& source) {
  auto& [mutex, loaded] = ProcessState<LoadedLibraries>::get();
  const std::lock_guard<std::mutex> lock(mutex);
  const auto known = loaded.find(bytes);
  if (known != loaded.end()) return known->second;
  const int descriptor = make_memory_file(bytes);
  const auto path = "/proc/self/fd/" + std::to_string(descriptor);
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    ::close(descriptor);
    fail(invalid, source, ": its kernel library cannot be loaded: ", dlerror());
  }
  return loaded[bytes] = library;
}

// Fails where the image carries no library, or one without this kernel.
RunKernel kernel_of(const Image& image, const std::string& kernel) {
  require(carries_library(image), invalid, image.path,
          " carries no kernel library for this CPU, which csim runs: build an image with "
          "`make xclbin TARGET=emu`");
  require_whole_library(image);
  const auto entry = "xfblas_run_" + kernel;
  void* library = load_once(image.bitstream, image.path);
  const auto run = reinterpret_cast<RunKernel>(dlsym(library, entry.c_str()));
  require(run != nullptr, invalid, image.path, ": its kernel library has no ", entry);
  return run;
}

}  // namespace

CsimTarget::CsimTarget(const Image& image, const std::vector<KernelInstance>& compute_units,
                       const DeviceName& device)
    : MemoryTarget(image, compute_units, device),
      run_kernel_(kernel_of(image, compute_units.front().kernel)) {}

void CsimTarget::run(uint32_t compute_unit) {
  char message[512] = "";
  const auto& block = memory(compute_unit);
  const int failed = run_kernel_(block.data(), block.reserved(), message, sizeof message);
  require(failed == 0, XFBLAS_STATUS_EXECUTION_FAILED, "the kernel stopped on compute unit ",
          compute_unit, ": ", message);
}

}  // namespace xfblas
