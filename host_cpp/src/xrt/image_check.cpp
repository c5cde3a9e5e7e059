#include "xrt/image_check.hpp"

#include <array>

#include "error.hpp"

namespace xfblas {
namespace {

constexpr auto invalid = XFBLAS_STATUS_IMAGE_INVALID;

// Values of enum XCLBIN_MODE.
constexpr std::array mode_names = {"FLAT",   "PR",     "TANDEM_STAGE2", "TANDEM_STAGE2_WITH_PR",
                                   "HW_EMU", "SW_EMU", "HW_EMU_PR"};
enum Mode : uint32_t { hw_emu = 4, sw_emu = 5, hw_emu_pr = 6 };

XrtMode mode_of(const Image& image) {
  require(image.mode < mode_names.size(), invalid, image.path, " has mode ", image.mode,
          ", expected 0 to ", mode_names.size() - 1);
  if (image.mode == sw_emu) return XrtMode::software_emulation;
  if (image.mode == hw_emu || image.mode == hw_emu_pr) return XrtMode::hardware_emulation;
  return XrtMode::hardware;
}

const char* text_of(XrtMode mode) {
  switch (mode) {
    case XrtMode::software_emulation: return "software emulation (sw_emu)";
    case XrtMode::hardware_emulation: return "hardware emulation (hw_emu)";
    default: return "a card";
  }
}

const char* setting_of(XrtMode mode) {
  switch (mode) {
    case XrtMode::software_emulation: return "XCL_EMULATION_MODE is sw_emu";
    case XrtMode::hardware_emulation: return "XCL_EMULATION_MODE is hw_emu";
    default: return "XCL_EMULATION_MODE is not set, which means a card";
  }
}

void require_mode(const Image& image, XrtMode device) {
  const auto built_for = mode_of(image);
  const char* advice = built_for == XrtMode::software_emulation
                           ? ". Run the program by `xfblas emu -- program`, or open another image"
                           : ". Open another image, or change the variable";
  require(built_for == device, invalid, image.path, " was built for ", text_of(built_for),
          " (mode ", mode_names[image.mode], "), but ", setting_of(device), advice);
}

// Our own device process calls xfblas_run_<kernel> of the library that the image carries. Its
// name stands as a text in the library's table of symbols.
void require_kernel_library(const Image& image, const std::string& kernel) {
  require(carries_library(image), invalid, image.path,
          " carries no kernel library for this CPU, which software emulation runs: build an "
          "image with `make xclbin TARGET=emu`");
  require_whole_library(image);
  const auto entry = "xfblas_run_" + kernel;
  require(image.bitstream.find(entry + '\0') != std::string::npos, invalid, image.path,
          ": its kernel library has no ", entry);
}

}  // namespace

void require_suitable(const Image& image, const std::vector<KernelInstance>& compute_units,
                      const XrtEnvironment& environment) {
  require_mode(image, environment.mode);
  require(environment.platform.empty() || environment.platform == image.platform, invalid,
          image.path, " was built for platform ", image.platform, ", but the emulated card is a ",
          environment.platform, ". Open an image for it, or run the program by `xfblas emu ",
          "--platform ", image.platform, " -- program`");
  require(!image.bitstream.empty(), invalid, image.path,
          " carries no kernel: its BITSTREAM is missing");
  if (!environment.failure_folder.empty())
    require_kernel_library(image, compute_units.front().kernel);
}

}  // namespace xfblas
