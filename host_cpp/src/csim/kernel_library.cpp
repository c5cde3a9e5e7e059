#include "csim/kernel_library.hpp"

#include <dlfcn.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "error.hpp"

namespace xfblas {
namespace {

constexpr auto invalid = XFBLAS_STATUS_IMAGE_INVALID;

// A file that only this process sees, because the loader wants a path.
class MemoryFile {
 public:
  explicit MemoryFile(const std::string& bytes) : descriptor_(memfd_create("xfblas", MFD_CLOEXEC)) {
    require(descriptor_ >= 0, XFBLAS_STATUS_ALLOC_FAILED,
            "cannot make room for the image's kernel library: ", std::strerror(errno));
    for (size_t done = 0; done < bytes.size();) {
      const auto written = ::write(descriptor_, bytes.data() + done, bytes.size() - done);
      if (written <= 0) {
        const auto reason = errno;
        ::close(descriptor_);
        fail(XFBLAS_STATUS_ALLOC_FAILED, "cannot copy the image's kernel library of ",
             bytes.size(), " bytes: ", std::strerror(reason));
      }
      done += size_t(written);
    }
  }
  ~MemoryFile() { ::close(descriptor_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  std::string path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

 private:
  int descriptor_;
};

bool is_shared_object(const std::string& bytes) {
  return bytes.size() > 4 && std::memcmp(bytes.data(), "\177ELF", 4) == 0;
}

}  // namespace

KernelLibrary::KernelLibrary(const Image& image, const std::string& kernel) {
  require(is_shared_object(image.bitstream), invalid, image.path,
          " carries no kernel library for this CPU, which csim runs: build an image with "
          "`make xclbin TARGET=emu`");
  const MemoryFile file(image.bitstream);
  library_ = dlopen(file.path().c_str(), RTLD_NOW | RTLD_LOCAL);
  require(library_ != nullptr, invalid, image.path, ": its kernel library cannot be loaded: ",
          library_ ? "" : dlerror());
  const auto entry = "xfblas_run_" + kernel;
  run_ = reinterpret_cast<RunKernel>(dlsym(library_, entry.c_str()));
  if (run_ == nullptr) {
    dlclose(library_);
    fail(invalid, image.path, ": its kernel library has no ", entry);
  }
}

KernelLibrary::~KernelLibrary() { dlclose(library_); }

}  // namespace xfblas
