#include "image.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>

#include "error.hpp"

namespace xfblas {
namespace {

constexpr auto invalid = XFBLAS_STATUS_IMAGE_INVALID;

// Offsets and kinds of struct axlf; see Xilinx's xclbin.h.
constexpr size_t length_at = 304, mode_at = 332, platform_at = 352, uuid_at = 416;
constexpr size_t section_count_at = 448, sections_at = 456, section_bytes = 40;
enum SectionKind : uint32_t {
  bitstream = 0,
  memory_topology = 6,
  connectivity = 7,
  ip_layout = 8,
  user_metadata = 16,
};
constexpr uint32_t ip_kernel = 1;

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  require(bool(file), invalid, "cannot open ", path, ": ", std::strerror(errno));
  std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  require(!file.bad(), invalid, "cannot read ", path);
  return bytes;
}

// Reads fixed-width fields and never past the end.
class Bytes {
 public:
  Bytes(const std::string& path, const char* data, uint64_t size)
      : path_(&path), data_(data), size_(size) {}

  template <typename T>
  T field(uint64_t offset) const {
    T value;
    std::memcpy(&value, at(offset, sizeof value), sizeof value);
    return value;
  }
  std::string text(uint64_t offset, uint64_t limit) const {
    const char* start = at(offset, limit);
    return std::string(start, strnlen(start, limit));
  }
  Bytes part(uint64_t offset, uint64_t size) const {
    return Bytes(*path_, at(offset, size), size);
  }
  uint64_t size() const { return size_; }
  const char* at(uint64_t offset, uint64_t size) const {
    require(offset <= size_ && size <= size_ - offset, invalid, *path_,
            " is truncated or damaged: ", size, " bytes are expected at offset ", offset, " of ",
            size_);
    return data_ + offset;
  }

 private:
  const std::string* path_;
  const char* data_;
  uint64_t size_;
};

std::string uuid_text(const Bytes& file) {
  std::string text;
  for (size_t i = 0; i < 16; ++i) {
    char digits[3];
    std::snprintf(digits, sizeof digits, "%02x", file.field<uint8_t>(uuid_at + i));
    text += digits;
    if (i == 3 || i == 5 || i == 7 || i == 9) text += '-';
  }
  return text;
}

std::vector<MemoryBank> read_banks(const Bytes& section) {
  std::vector<MemoryBank> banks;
  const auto count = section.field<uint32_t>(0);
  for (uint64_t i = 0; i < count; ++i) {
    const auto bank = section.part(8 + 40 * i, 40);
    banks.push_back({bank.text(24, 16), bank.field<uint64_t>(8) * 1024});
  }
  return banks;
}

// IP_LAYOUT also lists memory controllers and the like, which CONNECTIVITY counts as well.
std::vector<std::pair<uint32_t, KernelInstance>> read_instances(const Bytes& section) {
  std::vector<std::pair<uint32_t, KernelInstance>> instances;
  const auto count = section.field<uint32_t>(0);
  for (uint64_t i = 0; i < count; ++i) {
    const auto entry = section.part(8 + 80 * i, 80);
    const auto name = entry.text(16, 64);
    const auto colon = name.find(':');
    if (entry.field<uint32_t>(0) != ip_kernel || colon == std::string::npos) continue;
    instances.push_back({uint32_t(i), {name.substr(0, colon), name.substr(colon + 1), 0}});
  }
  return instances;
}

void connect(std::vector<std::pair<uint32_t, KernelInstance>>& instances, const Bytes& section,
             size_t bank_count, const std::string& path) {
  const auto count = section.field<uint32_t>(0);
  for (uint64_t i = 0; i < count; ++i) {
    const auto connection = section.part(4 + 12 * i, 12);
    const auto argument = connection.field<uint32_t>(0);
    const auto bank = connection.field<uint32_t>(8);
    for (auto& [index, instance] : instances) {
      if (argument != 0 || index != connection.field<uint32_t>(4)) continue;
      require(bank < bank_count, invalid, path, ": ", instance.compute_unit,
              " is connected to memory bank ", bank, ", but there are ", bank_count);
      instance.bank = bank;
    }
  }
}

std::string directory_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? std::string() : path.substr(0, slash + 1);
}

}  // namespace

std::vector<KernelInstance> Image::instances_of(Engine engine) const {
  const std::string own = engine == Engine::fcn    ? "fcnKernel"
                          : engine == Engine::gemm ? "gemmKernel"
                                                   : "gemvKernel";
  std::vector<KernelInstance> found;
  for (const auto& instance : instances)
    if (instance.kernel == own) found.push_back(instance);
  if (!found.empty()) return found;
  // One kernel for all engines, as the public libraries build it.
  for (const auto& instance : instances)
    if (instance.kernel == "blasKernel" || instance.kernel == "gemxKernel")
      found.push_back(instance);
  return found;
}

Image read_image(const std::string& path) {
  const auto content = read_file(path);
  require(!content.empty(), invalid, path, " is empty, expected an xclbin file");
  require(content.size() >= 8 && std::memcmp(content.data(), "xclbin2\0", 8) == 0, invalid, path,
          " is not an xclbin file: it does not begin with the word xclbin2");
  const Bytes file(path, content.data(), content.size());
  const auto length = file.field<uint64_t>(length_at);
  require(length <= content.size(), invalid, path, " is truncated: it has ", content.size(),
          " bytes, its header says ", length);

  Image image;
  image.path = path;
  image.mode = file.field<uint16_t>(mode_at);
  image.platform = file.text(platform_at, 64);
  image.uuid = uuid_text(file);

  std::vector<std::pair<uint32_t, KernelInstance>> instances;
  Bytes connections(path, nullptr, 0);
  const auto count = file.field<uint32_t>(section_count_at);
  for (uint64_t i = 0; i < count; ++i) {
    const auto header = file.part(sections_at + section_bytes * i, section_bytes);
    const auto data = file.part(header.field<uint64_t>(24), header.field<uint64_t>(32));
    switch (header.field<uint32_t>(0)) {
      case bitstream: image.bitstream.assign(data.at(0, data.size()), data.size()); break;
      case memory_topology: image.banks = read_banks(data); break;
      case ip_layout: instances = read_instances(data); break;
      case connectivity: connections = data; break;
      case user_metadata:
        if (header.text(4, 16) == "config_info")
          image.configuration_text.assign(data.at(0, data.size()), data.size());
        break;
      default: break;
    }
  }
  require(!instances.empty(), invalid, path, " names no compute unit: its IP_LAYOUT is missing");
  require(!image.banks.empty(), invalid, path,
          " names no memory bank: its MEM_TOPOLOGY is missing");
  if (connections.size() > 0) connect(instances, connections, image.banks.size(), path);
  for (auto& instance : instances) image.instances.push_back(instance.second);
  return image;
}

Configuration configuration_of(const Image& image, const std::string& given_path) {
  const auto carried_source = image.path + " (the configuration it carries)";
  if (!given_path.empty()) {
    const auto given = parse_configuration(read_file(given_path), given_path);
    if (!image.configuration_text.empty())
      require_same(given, given_path,
                   parse_configuration(image.configuration_text, carried_source), carried_source);
    return given;
  }
  if (!image.configuration_text.empty())
    return parse_configuration(image.configuration_text, carried_source);
  const auto beside = directory_of(image.path) + "config_info.dat";
  require(bool(std::ifstream(beside)), invalid, image.path,
          " carries no configuration and there is no config_info.dat beside it: pass its path");
  return parse_configuration(read_file(beside), beside);
}

}  // namespace xfblas
