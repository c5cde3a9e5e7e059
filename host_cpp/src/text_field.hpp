// Texts in the structures of the C interface.
#ifndef XFBLAS_TEXT_FIELD_HPP
#define XFBLAS_TEXT_FIELD_HPP

#include <algorithm>
#include <cstring>
#include <string>

namespace xfblas {

// As much of a text as fits, and zeros behind it.
template <size_t size>
void copy_text(char (&to)[size], const std::string& from) {
  std::memset(to, 0, size);
  std::memcpy(to, from.data(), std::min(from.size(), size - 1));
}

}  // namespace xfblas

#endif
