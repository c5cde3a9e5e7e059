// The public library's C functions: each finds the device of its index and calls one of xfblas.h.
//
// They return int, of which callers that declare bool read the low byte and Python, which declares
// nothing for some of them, reads all.
#include <pthread.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <mutex>
#include <new>
#include <shared_mutex>
#include <utility>

#include "engine.hpp"

using xfblas_public::Engine;

namespace {

constexpr uint32_t most_kernels = 1024;

thread_local std::string last_error;

// Devices by index. Calls share it; creating and destroying have it alone.
std::shared_mutex devices_mutex;
std::map<unsigned, xfblasHandle_t> devices;

// In the child of a fork nobody unlocks it for a thread that had it. Where that thread was changing
// the devices they are left behind too.
[[maybe_unused]] const int registered = pthread_atfork(nullptr, nullptr, [] {
  if (devices_mutex.try_lock()) return devices_mutex.unlock();
  if (!devices_mutex.try_lock_shared()) new (&devices) std::map<unsigned, xfblasHandle_t>;
  new (&devices_mutex) std::shared_mutex;
});

template <typename Body>
int guarded(const char* function, const Body& body) noexcept {
  try {
    try {
      body(Engine::instance());
      return 1;
    } catch (const std::exception& error) {
      last_error = error.what();
    }
  } catch (...) {
  }
  // Programs for these functions look at no result.
  std::fprintf(stderr, "xfblas: %s: %s\n", function, last_error.c_str());
  return 0;
}

[[noreturn]] void fail(unsigned device, const char* state) {
  throw std::runtime_error("device " + std::to_string(device) + state);
}

// body: takes the engine's functions and the device's handle.
template <typename Body>
int on_device(const char* function, unsigned device, const Body& body) noexcept {
  return guarded(function, [&](const Engine& engine) {
    const std::shared_lock<std::shared_mutex> lock(devices_mutex);
    const auto found = devices.find(device);
    if (found == devices.end())
      fail(device, " was not created, or was destroyed: call xfblasCreate first");
    engine.check(body(engine, found->second));
  });
}

void create(const Engine& engine, const char* xclbin, const char* name, unsigned kernels,
            unsigned device) {
  if (kernels == 0 || kernels > most_kernels)
    throw std::runtime_error("kernelNumber is " + std::to_string(kernels) + ", expected 1 to " +
                             std::to_string(most_kernels));
  const std::unique_lock<std::shared_mutex> lock(devices_mutex);
  if (devices.count(device)) fail(device, " is in use already: destroy it first");
  xfblasHandle_t handle = nullptr;
  engine.check(
      engine.Create(&handle, xclbin, nullptr, name, kernels, std::getenv("XFBLAS_TARGET"), device));
  devices[device] = handle;
}

// The Python of 2019 gives (m, k, n) to its products, with the leading dimensions of these sizes.
template <typename Size>
void put_in_order(Size& n, Size& k, Size lda, Size ldb) {
  if (n != k && lda == n && ldb == k) std::swap(n, k);
}

}  // namespace

#pragma GCC visibility push(default)
extern "C" {

const char* xfblasVersion() {
  static const char* version = "";
  guarded(__func__, [](const Engine& engine) { version = engine.Version(); });
  return version;
}

const char* xfblasLastError() { return last_error.c_str(); }

// Two forms under one name: (xclbin, engine, kernels, device), or with the path of a log file
// before kernels. No path lies at so low an address as a number of kernels.
int xfblasCreate(const char* xclbin, const char* engineName, uintptr_t third, uintptr_t fourth,
                 unsigned int fifth) {
  return guarded(__func__, [&](const Engine& engine) {
    const bool has_log = uint32_t(third) > most_kernels;
    create(engine, xclbin, engineName, has_log ? uint32_t(fourth) : uint32_t(third),
           has_log ? fifth : uint32_t(fourth));
  });
}

int xfblasDestroy(unsigned int, unsigned int deviceIndex) {
  return guarded(__func__, [&](const Engine& engine) {
    const std::unique_lock<std::shared_mutex> lock(devices_mutex);
    const auto found = devices.find(deviceIndex);
    if (found == devices.end()) fail(deviceIndex, " was not created, or was destroyed already");
    auto handle = found->second;
    devices.erase(found);
    engine.check(engine.Destroy(&handle));
  });
}

int xfblasSend(void* A, unsigned long long numElem, int elemSize, unsigned int kernelIndex,
               unsigned int deviceIndex) {
  return on_device(__func__, deviceIndex, [&](const Engine& engine, xfblasHandle_t device) {
    return engine.Send(device, A, numElem, elemSize, kernelIndex);
  });
}

int xfblasGet(void* A, unsigned int kernelIndex, unsigned int deviceIndex) {
  return on_device(__func__, deviceIndex, [&](const Engine& engine, xfblasHandle_t device) {
    return engine.Get(device, A, kernelIndex);
  });
}

int xfblasGetByAddress(void* A, unsigned long long bufSize, unsigned int offset,
                       unsigned int kernelIndex, unsigned int deviceIndex) {
  return on_device(__func__, deviceIndex, [&](const Engine& engine, xfblasHandle_t device) {
    return engine.GetByAddress(device, A, bufSize, offset, kernelIndex);
  });
}

int xfblasFree(void* A, unsigned int kernelIndex, unsigned int deviceIndex) {
  return on_device(__func__, deviceIndex, [&](const Engine& engine, xfblasHandle_t device) {
    return engine.Free(device, A, kernelIndex);
  });
}

int xfblasFreeInstr(unsigned int kernelIndex, unsigned int deviceIndex) {
  return on_device(__func__, deviceIndex, [&](const Engine& engine, xfblasHandle_t device) {
    return engine.FreeInstr(device, kernelIndex);
  });
}

int xfblasGemm(int m, int n, int k, int alpha, void* A, int lda, void* B, int ldb, int beta,
               void* C, int ldc, unsigned int kernelIndex, unsigned int deviceIndex) {
  put_in_order(n, k, lda, ldb);
  return on_device(__func__, deviceIndex, [&](const Engine& engine, xfblasHandle_t device) {
    return engine.Gemm(device, m, n, k, alpha, A, lda, B, ldb, beta, C, ldc, kernelIndex);
  });
}

int xfblasGemv(int m, int n, int alpha, void* A, int lda, void* x, int incx, int beta, void* y,
               int incy, unsigned int kernelIndex, unsigned int deviceIndex) {
  return on_device(__func__, deviceIndex, [&](const Engine& engine, xfblasHandle_t device) {
    return engine.Gemv(device, m, n, alpha, A, lda, x, incx, beta, y, incy, kernelIndex);
  });
}

int xfblasFcn(int m, int n, int k, int alpha, void* A, int lda, void* B, int ldb, int beta, void* C,
              int ldc, void* X, int ldx, int postScale, int postShift, short preluScale,
              short preluAlpha, unsigned int kernelIndex, unsigned int deviceIndex) {
  put_in_order(n, k, lda, ldb);
  return on_device(__func__, deviceIndex, [&](const Engine& engine, xfblasHandle_t device) {
    return engine.Fcn(device, m, n, k, alpha, A, lda, B, ldb, beta, C, ldc, X, ldx, postScale,
                      postShift, preluScale, preluAlpha, 0, kernelIndex);
  });
}

int xfblasFcnByAddress(unsigned int aOff, unsigned int bOff, unsigned int cOff, unsigned int xOff,
                       unsigned int m, unsigned int n, unsigned int k, unsigned int lda,
                       unsigned int ldb, unsigned int ldc, unsigned int ldx, int postScale,
                       int postShift, short preluScale, short preluAlpha, unsigned int kernelIndex,
                       unsigned int deviceIndex) {
  put_in_order(n, k, lda, ldb);
  return on_device(__func__, deviceIndex, [&](const Engine& engine, xfblasHandle_t device) {
    return engine.FcnByAddress(device, aOff, bOff, cOff, xOff, m, n, k, lda, ldb, ldc, ldx,
                               postScale, postShift, preluScale, preluAlpha, 0, kernelIndex);
  });
}

int xfblasExecute(unsigned int kernelIndex, unsigned int deviceIndex) {
  return on_device(__func__, deviceIndex, [&](const Engine& engine, xfblasHandle_t device) {
    return engine.Execute(device, kernelIndex);
  });
}

int xfblasExecuteAsync(unsigned int numKernels, unsigned int deviceIndex) {
  return on_device(__func__, deviceIndex, [&](const Engine& engine, xfblasHandle_t device) {
    engine.check(engine.ExecuteAsync(device, numKernels));
    // Each is waited for, and the first failure told.
    auto status = XFBLAS_STATUS_SUCCESS;
    std::string reason;
    for (unsigned unit = 0; unit < numKernels; ++unit) {
      const auto ended = engine.Synchronize(device, unit);
      if (ended == XFBLAS_STATUS_SUCCESS || status != XFBLAS_STATUS_SUCCESS) continue;
      status = ended, reason = engine.LastError();
    }
    if (status != XFBLAS_STATUS_SUCCESS) throw std::runtime_error(reason);
    return status;
  });
}

}  // extern "C"
#pragma GCC visibility pop
