#include "metadata.hpp"

#include <cstdlib>
#include <string_view>

namespace xfblas::emulation {
namespace {

// One start tag: its name and its attributes, as they are written.
class Tag {
 public:
  explicit Tag(std::string_view text) : text_(text) {}

  std::string_view name() const { return text_.substr(0, text_.find_first_of(" \t\r\n/")); }

  std::string text(const std::string& attribute) const {
    for (const char* space : {" ", "\t", "\n"}) {
      const auto found = text_.find(space + attribute + "=");
      if (found == std::string_view::npos) continue;
      const auto quote = found + attribute.size() + 2;
      if (quote >= text_.size()) continue;
      const auto end = text_.find(text_[quote], quote + 1);
      if (end != std::string_view::npos)
        return std::string(text_.substr(quote + 1, end - quote - 1));
    }
    return {};
  }
  uint64_t number(const std::string& attribute) const {
    return std::strtoull(text(attribute).c_str(), nullptr, 0);
  }

 private:
  std::string_view text_;
};

}  // namespace

std::vector<Instance> instances_of(const std::string& xml) {
  std::vector<Instance> instances;
  Instance current;
  for (auto start = xml.find('<'); start != std::string::npos;
       start = xml.find('<', start + 1)) {
    const auto end = xml.find('>', start);
    if (end == std::string::npos) break;
    const Tag tag(std::string_view(xml).substr(start + 1, end - start - 1));
    if (tag.name() == "kernel") {
      current = Instance{tag.text("name"), {}, 0, 0};
    } else if (tag.name() == "arg" && tag.text("id") == "0") {
      current.argument_offset = tag.number("offset");
    } else if (tag.name() == "instance") {
      current.name = tag.text("name");
    } else if (tag.name() == "addrRemap") {
      current.address = tag.number("base");
      instances.push_back(current);
    }
  }
  return instances;
}

}  // namespace xfblas::emulation
