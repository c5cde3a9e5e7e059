// Protocol buffers as they travel: enough of the encoding for the messages of XRT's emulation.
#ifndef XFBLAS_EMULATION_WIRE_HPP
#define XFBLAS_EMULATION_WIRE_HPP

#include <array>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace xfblas::emulation {

// The peer sent bytes that are no message.
struct WireError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// A received message. Texts point into the bytes it was read from.
class Message {
 public:
  static constexpr size_t field_count = 16;  // no message of the interface has more

  explicit Message(std::string_view bytes);

  // 0 and empty where the message has no such field.
  uint64_t number(size_t field) const { return fields_.at(field).number; }
  std::string_view bytes(size_t field) const { return fields_.at(field).bytes; }
  std::string text(size_t field) const { return std::string(bytes(field)); }

 private:
  struct Field {
    uint64_t number = 0;
    std::string_view bytes;
  };
  std::array<Field, field_count> fields_;
};

// A message to send, field after field.
class Reply {
 public:
  Reply& number(uint32_t field, uint64_t value);
  Reply& bytes(uint32_t field, std::string_view value);

  const std::string& encoded() const { return encoded_; }

 private:
  void variable_length(uint64_t value);

  std::string encoded_;
};

}  // namespace xfblas::emulation

#endif
