// The one way in which this library fails: an exception with a status and a sentence.
#ifndef XFBLAS_ERROR_HPP
#define XFBLAS_ERROR_HPP

#include <sstream>
#include <stdexcept>
#include <string>

#include "xfblas.h"

namespace xfblas {

class Error : public std::runtime_error {
 public:
  Error(xfblasStatus_t status, const std::string& text)
      : std::runtime_error(text), status_(status) {}
  xfblasStatus_t status() const { return status_; }

 private:
  xfblasStatus_t status_;
};

// Throws an Error whose text is all parts written one after the other.
template <typename... Parts>
[[noreturn]] void fail(xfblasStatus_t status, const Parts&... parts) {
  std::ostringstream text;
  (text << ... << parts);
  throw Error(status, text.str());
}

template <typename... Parts>
void require(bool condition, xfblasStatus_t status, const Parts&... parts) {
  if (!condition) fail(status, parts...);
}

}  // namespace xfblas

#endif
