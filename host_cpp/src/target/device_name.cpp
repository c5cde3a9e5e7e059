#include "target/device_name.hpp"

#include <cctype>
#include <regex>

#include "error.hpp"

namespace xfblas {

std::string canonical_bdf(const std::string& text) {
  static const std::regex form("([0-9a-fA-F]{4}:)?[0-9a-fA-F]{2}:[01][0-9a-fA-F]\\.[0-7]");
  std::smatch found;
  require(std::regex_match(text, found, form), XFBLAS_STATUS_INVALID_VALUE, "bdf is '", text,
          "', expected ", bdf_example);
  std::string bdf = found[1].matched ? text : "0000:" + text;
  for (char& letter : bdf) letter = char(std::tolower(static_cast<unsigned char>(letter)));
  return bdf;
}

}  // namespace xfblas
