// An xclbin file ("xclbin2", struct axlf) as the host needs it: platform, compute units, memory
// banks and the configuration that it carries; and the image that is taken where none is named.
#ifndef XFBLAS_IMAGE_HPP
#define XFBLAS_IMAGE_HPP

#include <cstdint>
#include <string>
#include <vector>

#include "image/configuration.hpp"

namespace xfblas {

struct MemoryBank {
  std::string tag;
  uint64_t bytes;
};

struct KernelInstance {
  std::string kernel;        // fcnKernel
  std::string compute_unit;  // fcnKernel_1
  uint32_t bank;             // index into the image's memory banks
};

struct Image {
  std::string path;
  std::string platform;
  std::string uuid;
  uint32_t mode = 0;
  std::vector<MemoryBank> banks;
  std::vector<KernelInstance> instances;
  std::string bitstream;           // an emulation image's kernel library; else the card's
  std::string configuration_text;  // empty where the image carries none

  // The instances that run an engine, in the image's order.
  std::vector<KernelInstance> instances_of(Engine engine) const;
};

Image read_image(const std::string& path);

// Whether the image carries a library of kernels for a CPU.
bool carries_library(const Image& image);

// Fails where the library lacks bytes that it names: the loader would map them, and the first touch
// of them would end the process.
void require_whole_library(const Image& image);

// Path of the packaged default_short.xclbin; an Error names the folders where it was looked for.
std::string packaged_image();

// The configuration of an image: from the path given, else the one it carries, else the
// config_info.dat beside it. Where two of these are there they must agree.
Configuration configuration_of(const Image& image, const std::string& given_path);

}  // namespace xfblas

#endif
