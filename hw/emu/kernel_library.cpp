// Runs a kernel over a block of memory on this CPU: the C entries of kernel_library.h.
#include "kernel_library.h"

#include <algorithm>
#include <cstring>
#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

#include XFBLAS_KERNEL_HEADER
#include "xfblas/instruction.hpp"

#define JOIN_NAMES(first, second) first##second
#define ENTRY(prefix, kernel) JOIN_NAMES(prefix, kernel)
#define EXPORTED extern "C" __attribute__((visibility("default")))

EXPORTED void XFBLAS_KERNEL(const DdrWord* rd, DdrWord* wr);
#include XFBLAS_KERNEL_SOURCE

namespace {

void copy_message(const char* text, char* message, size_t size) {
  if (message == nullptr || size == 0) return;
  const size_t length = std::min(std::strlen(text), size - 1);
  std::memcpy(message, text, length);
  message[length] = 0;
}

using xfblas::simulation::Launch;
using xfblas::simulation::Span;

bool is_of_array(const Span& span) { return span.process.find("processing_element") == 0; }

// The spans of one instruction's array follow each other.
uint64_t array_cycles(const std::vector<Span>& spans) {
  uint64_t cycles = 0;
  for (auto span = spans.begin(); span != spans.end();) {
    uint64_t first = UINT64_MAX, last = 0;
    for (; span != spans.end() && is_of_array(*span); ++span) {
      first = std::min(first, span->first);
      last = std::max(last, span->last);
    }
    if (last > 0) cycles += last - first + 1;
    while (span != spans.end() && !is_of_array(*span)) ++span;
  }
  return cycles;
}

std::string report(const std::vector<Span>& spans) {
  std::string text;
  for (const auto& span : spans)
    text +=
        span.process + " " + std::to_string(span.first) + " " + std::to_string(span.last) + "\n";
  return text;
}

int run(void* memory, uint64_t bytes, xfblas_cycles* cycles, char* message, size_t message_size) {
  copy_message("", message, message_size);
  try {
    if (memory == nullptr || bytes < 2 * xfblas::page_bytes)
      throw std::invalid_argument("the memory has " + std::to_string(bytes) +
                                  " bytes, but instructions and results need two pages");
    Launch launch(bytes / xfblas::page_bytes, cycles != nullptr);
    XFBLAS_KERNEL(static_cast<const DdrWord*>(memory), static_cast<DdrWord*>(memory));
    if (cycles != nullptr) {
      *cycles = {launch.now, array_cycles(launch.spans)};
      copy_message(report(launch.spans).c_str(), message, message_size);
    }
    return 0;
  } catch (const std::exception& error) {
    copy_message(error.what(), message, message_size);
  } catch (...) {
    copy_message("the kernel failed for an unknown reason", message, message_size);
  }
  return 1;
}

}  // namespace

EXPORTED int ENTRY(xfblas_run_, XFBLAS_KERNEL)(void* memory, uint64_t bytes, char* message,
                                               size_t message_size) {
  return run(memory, bytes, nullptr, message, message_size);
}

EXPORTED int ENTRY(xfblas_measure_, XFBLAS_KERNEL)(void* memory, uint64_t bytes,
                                                   xfblas_cycles* cycles, char* message,
                                                   size_t message_size) {
  return run(memory, bytes, cycles, message, message_size);
}
