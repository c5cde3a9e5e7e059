#include "native/blas.hpp"

#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <initializer_list>
#include <mutex>
#include <vector>

#include "process_state.hpp"

namespace xfblas {
namespace {

// The constants of the C interface to BLAS.
constexpr int row_major = 101, not_transposed = 111;

template <typename Integer>
using Sgemm = void (*)(int order, int transpose_a, int transpose_b, Integer m, Integer n, Integer k,
                       float alpha, const float* a, Integer lda, const float* b, Integer ldb,
                       float beta, float* c, Integer ldc);

template <typename Integer>
using Sgemv = void (*)(int order, int transpose, Integer m, Integer n, float alpha, const float* a,
                       Integer lda, const float* x, Integer incx, float beta, float* y,
                       Integer incy);

struct Library {
  std::string path;
  Sgemm<int64_t> sgemm64 = nullptr;
  Sgemm<int32_t> sgemm32 = nullptr;
  Sgemv<int64_t> sgemv64 = nullptr;  // null too where a library has it not

  bool is_usable() const { return sgemm64 || sgemm32; }
};

template <typename Function>
Function find(void* library, std::initializer_list<const char*> names) {
  for (const auto* name : names)
    if (void* symbol = dlsym(library, name)) return reinterpret_cast<Function>(symbol);
  return nullptr;
}

Library open(const std::string& path, int mode) {
  void* library = dlopen(path.c_str(), RTLD_LAZY | RTLD_LOCAL | mode);
  if (!library) return {};
  Library found{path};
  // numpy's builds carry a prefix, and a suffix where integers have 64 bits.
  found.sgemm64 = find<Sgemm<int64_t>>(library, {"scipy_cblas_sgemm64_", "cblas_sgemm64_"});
  found.sgemv64 = find<Sgemv<int64_t>>(library, {"scipy_cblas_sgemv64_", "cblas_sgemv64_"});
  if (!found.sgemm64)
    found.sgemm32 = find<Sgemm<int32_t>>(library, {"scipy_cblas_sgemm", "cblas_sgemm"});
  if (found.is_usable()) return found;
  dlclose(library);
  return {};
}

std::vector<std::string> loaded_libraries() {
  std::vector<std::string> paths;
  dl_iterate_phdr(
      [](dl_phdr_info* info, size_t, void* data) {
        if (std::strstr(info->dlpi_name, "blas") || std::strstr(info->dlpi_name, "mkl_rt"))
          static_cast<std::vector<std::string>*>(data)->push_back(info->dlpi_name);
        return 0;
      },
      &paths);
  return paths;
}

Library search() {
  for (const auto& path : loaded_libraries())
    if (const auto found = open(path, RTLD_NOLOAD); found.is_usable()) return found;
  for (const auto* name : {"libopenblas.so.0", "libcblas.so.3", "libblas.so.3"})
    if (const auto found = open(name, 0); found.is_usable()) return found;
  return {};
}

struct Found {
  std::mutex mutex;
  Library library;
};

// A fork waits for the calls that are under way: OpenBLAS ends its threads before one, and then a
// product that they have a part of never ends, in the parent either.
std::mutex starting;
std::atomic<int> calls{0};
constexpr useconds_t waiting_interval = 50;

class Call {
 public:
  Call() {
    const std::lock_guard<std::mutex> lock(starting);
    ++calls;
  }
  ~Call() { --calls; }
  Call(const Call&) = delete;
};

// After the library has registered what it does before a fork, which then comes after this.
void wait_before_forks() {
  static std::atomic<bool> is_registered{false};
  if (is_registered.exchange(true)) return;
  pthread_atfork(
      [] {
        starting.lock();
        while (calls > 0) usleep(waiting_interval);
      },
      [] { starting.unlock(); }, [] { starting.unlock(); });
}

// Searched for until it is found: numpy may come later. From then on it stays as it is.
const Library& library() {
  static const Library none;
  auto& [mutex, found] = ProcessState<Found>::get();
  const std::lock_guard<std::mutex> lock(mutex);
  if (found.is_usable()) return found;
  found = search();
  if (!found.is_usable()) return none;
  wait_before_forks();
  return found;
}

}  // namespace

bool run_blas(const FloatProduct& p) {
  const auto& blas = library();
  const Call call;
  // A column is a vector, which a BLAS multiplies at the speed of memory.
  if (blas.sgemv64 && p.n == 1 && p.ldb == 1 && p.ldc == 1) {
    blas.sgemv64(row_major, not_transposed, p.m, p.k, 1, p.a, p.lda, p.b, 1, p.beta, p.c, 1);
    return true;
  }
  if (blas.sgemm64) {
    blas.sgemm64(row_major, not_transposed, not_transposed, p.m, p.n, p.k, 1, p.a, p.lda, p.b,
                 p.ldb, p.beta, p.c, p.ldc);
    return true;
  }
  for (const auto size : {p.m, p.n, p.k, p.lda, p.ldb, p.ldc})
    if (size > INT32_MAX) return false;
  if (blas.sgemm32)
    blas.sgemm32(row_major, not_transposed, not_transposed, int32_t(p.m), int32_t(p.n),
                 int32_t(p.k), 1, p.a, int32_t(p.lda), p.b, int32_t(p.ldb), p.beta, p.c,
                 int32_t(p.ldc));
  return blas.sgemm32 != nullptr;
}

std::string blas_path() { return library().path; }

}  // namespace xfblas
