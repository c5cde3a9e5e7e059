// What the device process and its workers share about processes and time.
#ifndef XFBLAS_EMULATION_PROCESS_HPP
#define XFBLAS_EMULATION_PROCESS_HPP

#include <chrono>
#include <initializer_list>
#include <string>

namespace xfblas::emulation {

using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::milliseconds;

// A line on the standard error that names this process.
void report(const std::string& text);

// Ends this process so that the host ends too. A host whose device process exits waits for
// ever; one whose device process is killed is told by a signal.
[[noreturn]] void die(const std::string& reason);

// A fork inherits every open file, and one socket too many keeps its peer from seeing the end.
void close_files_except(std::initializer_list<int> kept);

}  // namespace xfblas::emulation

#endif
