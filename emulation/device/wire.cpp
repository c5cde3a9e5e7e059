#include "wire.hpp"

#include <cstring>

namespace xfblas::emulation {
namespace {

// The low three bits of a tag: how the value after it is encoded.
enum WireType : uint32_t { variable = 0, fixed64 = 1, length_delimited = 2, fixed32 = 5 };

class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  bool at_end() const { return rest_.empty(); }

  uint64_t variable_length() {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const auto byte = uint8_t(take(1)[0]);
      value |= uint64_t(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw WireError("a number of more than ten bytes");
  }

  template <typename T>
  T fixed() {
    T value;
    std::memcpy(&value, take(sizeof value).data(), sizeof value);
    return value;
  }

  std::string_view take(uint64_t count) {
    if (count > rest_.size()) throw WireError("a message that ends inside a field");
    const auto taken = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return taken;
  }

 private:
  std::string_view rest_;
};

}  // namespace

Message::Message(std::string_view bytes) {
  Reader reader(bytes);
  while (!reader.at_end()) {
    const uint64_t tag = reader.variable_length();
    Field field;
    switch (tag & 7) {
      case variable:
        field.number = reader.variable_length();
        break;
      case fixed64:
        field.number = reader.fixed<uint64_t>();
        break;
      case fixed32:
        field.number = reader.fixed<uint32_t>();
        break;
      case length_delimited:
        field.bytes = reader.take(reader.variable_length());
        break;
      default:
        throw WireError("a field of unknown encoding");
    }
    // A newer XRT may send further fields, which mean nothing here.
    if (tag >> 3 < field_count) fields_[tag >> 3] = field;
  }
}

void Reply::variable_length(uint64_t value) {
  for (; value >= 0x80; value >>= 7) encoded_.push_back(char(value | 0x80));
  encoded_.push_back(char(value));
}

Reply& Reply::number(uint32_t field, uint64_t value) {
  variable_length(uint64_t(field) << 3 | variable);
  variable_length(value);
  return *this;
}

Reply& Reply::bytes(uint32_t field, std::string_view value) {
  variable_length(uint64_t(field) << 3 | length_delimited);
  variable_length(value.size());
  encoded_.append(value);
  return *this;
}

}  // namespace xfblas::emulation
