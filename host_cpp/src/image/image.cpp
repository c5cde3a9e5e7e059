#include "image/image.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

#include "error.hpp"
#include "image/image_tables.hpp"

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
  group_topology = 26,
  group_connectivity = 27,
};

std::string read_file(const std::string& path) {
  std::error_code unknown;
  const auto kind = std::filesystem::status(path, unknown).type();
  require(kind != std::filesystem::file_type::directory, invalid, path,
          " is a folder, expected a file");
  // The likes of /dev/zero have no end.
  require(kind == std::filesystem::file_type::regular ||
              kind == std::filesystem::file_type::not_found || unknown,
          invalid, path, " is not a regular file");
  std::ifstream file(path, std::ios::binary);
  require(bool(file), invalid, "cannot open ", path, ": ", std::strerror(errno));
  std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  require(!file.bad(), invalid, "cannot read ", path);
  return bytes;
}

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

std::string directory_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? std::string() : path.substr(0, slash + 1);
}

}  // namespace

std::vector<KernelInstance> Image::instances_of(Engine engine) const {
  const std::string own = engine == Engine::fcn    ? "fcnKernel"
                          : engine == Engine::gemm ? "gemmKernel"
                          : engine == Engine::gemv ? "gemvKernel"
                                                   : "streamKernel";
  std::vector<KernelInstance> found;
  for (const auto& instance : instances)
    if (instance.kernel == own) found.push_back(instance);
  if (!found.empty() || engine == Engine::stream) return found;
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

  std::map<uint32_t, Bytes> tables;  // by kind; of several XRT takes the first
  const auto count = file.field<uint32_t>(section_count_at);
  for (uint64_t i = 0; i < count; ++i) {
    const auto header = file.part(sections_at + section_bytes * i, section_bytes);
    const auto data = file.part(header.field<uint64_t>(24), header.field<uint64_t>(32));
    const auto kind = header.field<uint32_t>(0);
    if (kind == user_metadata && header.text(4, 16) == "config_info")
      image.configuration_text.assign(data.at(0, data.size()), data.size());
    if (kind != user_metadata) tables.emplace(kind, data);
  }
  const auto table = [&](uint32_t kind) {
    const auto found = tables.find(kind);
    return found == tables.end() ? Bytes(path, nullptr, 0) : found->second;
  };
  image.bitstream.assign(table(bitstream).at(0, 0), table(bitstream).size());
  image.banks = read_banks(table(memory_topology));
  require(!image.banks.empty(), invalid, path,
          " names no memory bank: its MEM_TOPOLOGY is missing");
  image.instances = read_instances(table(ip_layout), table(connectivity), image.banks.size());
  require(!image.instances.empty(), invalid, path,
          " names no compute unit: its IP_LAYOUT is missing");
  check_connections("CONNECTIVITY", table(connectivity), table(ip_layout), table(memory_topology));
  check_connections("GROUP_CONNECTIVITY", table(group_connectivity), table(ip_layout),
                    table(group_topology));
  return image;
}

Configuration configuration_of(const Image& image, const std::string& given_path) {
  const auto carried_source = image.path + " (the configuration it carries)";
  if (!given_path.empty()) {
    const auto given = parse_configuration(read_file(given_path), given_path);
    if (!image.configuration_text.empty())
      require_same(given, given_path, parse_configuration(image.configuration_text, carried_source),
                   carried_source);
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
