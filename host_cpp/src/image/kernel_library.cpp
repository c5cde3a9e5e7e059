#include <elf.h>

#include <cstring>

#include "error.hpp"
#include "image/image.hpp"

namespace xfblas {
namespace {

// Whether count entries of a size lie within the file; written so that nothing wraps.
bool is_within(uint64_t file, uint64_t offset, uint64_t count, uint64_t size) {
  return offset <= file && (size == 0 || count <= (file - offset) / size);
}

template <typename Header>
Header header_at(const std::string& bytes, uint64_t offset) {
  Header header;
  std::memcpy(&header, bytes.data() + offset, sizeof header);
  return header;
}

// Headers of the sections stand at the very end, so that any cut takes some of them.
bool has_all_it_names(const std::string& bytes) {
  const uint64_t file = bytes.size();
  if (file < sizeof(Elf64_Ehdr)) return false;
  const auto header = header_at<Elf64_Ehdr>(bytes, 0);
  if (header.e_ident[EI_CLASS] != ELFCLASS64) return true;  // the loader says so
  if (!is_within(file, header.e_shoff, header.e_shnum, header.e_shentsize)) return false;
  if (header.e_phentsize != sizeof(Elf64_Phdr)) return false;
  if (!is_within(file, header.e_phoff, header.e_phnum, sizeof(Elf64_Phdr))) return false;
  for (uint64_t index = 0; index < header.e_phnum; ++index) {
    const auto segment = header_at<Elf64_Phdr>(bytes, header.e_phoff + index * sizeof(Elf64_Phdr));
    if (!is_within(file, segment.p_offset, 1, segment.p_filesz)) return false;
  }
  return true;
}

}  // namespace

bool carries_library(const Image& image) {
  return image.bitstream.compare(0, SELFMAG, ELFMAG) == 0;
}

void require_whole_library(const Image& image) {
  require(has_all_it_names(image.bitstream), XFBLAS_STATUS_IMAGE_INVALID, image.path,
          ": its kernel library is cut short or damaged, and has only ", image.bitstream.size(),
          " bytes: build the image again");
}

}  // namespace xfblas
