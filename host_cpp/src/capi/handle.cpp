#include "capi/handle.hpp"

#include <cstdint>
#include <cstdio>
#include <new>
#include <string>

#include "error.hpp"

namespace xfblas {
namespace {

// A thread's own text, so that one thread's failure does not overwrite another's.
thread_local std::string failure;

// No object lies at a lower address.
constexpr uintptr_t lowest_address = 65536;

bool is_small_number(const void* pointer) {
  return pointer != nullptr && reinterpret_cast<uintptr_t>(pointer) < lowest_address;
}

}  // namespace

void require_no_number(const xfblasHandle_t* handle) {
  require(!is_small_number(handle), XFBLAS_STATUS_NOT_INITIALIZED,
          "handle is a number, expected the place of what xfblasCreate gave");
}

void require_place(const char* name, const void* place) {
  require(place != nullptr, XFBLAS_STATUS_INVALID_VALUE, name, " is NULL, expected a place for it");
}

void require_texts(const char* config, const char* engine, const char* target) {
  if (!is_small_number(config) && !is_small_number(engine) && !is_small_number(target)) return;
  constexpr auto reason =
      "xfblasCreate was called with a number where a text is expected, as the public library "
      "declares it: load libxfblas_public.so, whose functions take no handle";
  // Callers of that function look at no status.
  std::fprintf(stderr, "xfblas: %s\n", reason);
  fail(XFBLAS_STATUS_INVALID_VALUE, reason);
}

xfblasStatus_t status_of_exception() noexcept {
  try {
    try {
      throw;
    } catch (const Error& error) {
      failure = error.what();
      return error.status();
    } catch (const std::bad_alloc&) {
      failure = "the host has no memory left";
      return XFBLAS_STATUS_ALLOC_FAILED;
    } catch (const std::exception& error) {
      failure = std::string("unexpected: ") + error.what();
      return XFBLAS_STATUS_INTERNAL;
    }
  } catch (...) {
    return XFBLAS_STATUS_INTERNAL;
  }
}

const char* last_error() { return failure.c_str(); }

}  // namespace xfblas
