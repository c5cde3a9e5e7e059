#include "xrt/environment.hpp"

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <regex>

#include "error.hpp"

namespace xfblas {
namespace {

constexpr auto invalid = XFBLAS_STATUS_INVALID_VALUE;

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

uint64_t number(const char* name, uint64_t largest, uint64_t absent) {
  const auto text = variable(name);
  if (text.empty()) return absent;
  char* end = nullptr;
  const auto value = std::strtoull(text.c_str(), &end, 10);
  require(*end == 0 && text[0] != '-' && value >= 1 && value <= largest, invalid, "the variable ",
          name, " is '", text, "', expected a whole number from 1 to ", largest);
  return value;
}

XrtMode mode() {
  const auto text = variable("XCL_EMULATION_MODE");
  if (text.empty()) return XrtMode::hardware;
  if (text == "sw_emu") return XrtMode::software_emulation;
  if (text == "hw_emu") return XrtMode::hardware_emulation;
  fail(invalid, "the variable XCL_EMULATION_MODE is '", text,
       "', expected sw_emu or hw_emu, or that it is not set, which means a card");
}

// Reads emconfig.json, as Vitis' emconfigutil and xfblas emu write it.
void read_emulated_cards(XrtEnvironment& environment) {
  const auto folder = variable("EMCONFIG_PATH");
  if (folder.empty()) return;  // XRT then looks beside the program
  const auto path = folder + "/emconfig.json";
  std::ifstream file(path);
  require(bool(file), XFBLAS_STATUS_NOT_SUPPORTED, "there is no emulated card: EMCONFIG_PATH says ",
          path, ", which cannot be read. Run the program by `xfblas emu -- program`");
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  static const std::regex name("\"Platform\"\\s*:\\s*\\{\\s*\"Name\"\\s*:\\s*\"([^\"]*)\"");
  std::smatch found;
  if (std::regex_search(text, found, name)) environment.platform = found[1];
  static const std::regex count("\"NumDevices\"\\s*:\\s*\"?([0-9]{1,6})");
  for (auto match = std::sregex_iterator(text.begin(), text.end(), count);
       match != std::sregex_iterator(); ++match)
    environment.device_count += uint32_t(std::stoul((*match)[1]));
}

// XRT itself waits for a device process for ever.
void require_device_process() {
  bool names_a_place = false;
  for (const char* name : {"XILINX_VITIS", "XILINX_SDX", "XILINX_SCOUT"}) {
    const auto prefix = variable(name);
    names_a_place = names_a_place || !prefix.empty();
    constexpr char process[] = "/data/emulation/unified/cpu_em/generic_pcie/model/genericpciemodel";
    if (!prefix.empty() && std::ifstream(prefix + process)) return;
  }
  fail(XFBLAS_STATUS_NOT_SUPPORTED, "XCL_EMULATION_MODE is sw_emu, but ",
       names_a_place ? "there is no device process below XILINX_VITIS" : "XILINX_VITIS is not set",
       ": run the program by `xfblas emu -- program`, or source the settings of Vitis");
}

}  // namespace

XrtEnvironment read_environment() {
  XrtEnvironment environment;
  environment.mode = mode();
  if (environment.is_emulation()) read_emulated_cards(environment);
  if (environment.mode == XrtMode::software_emulation) {
    require_device_process();
    environment.failure_folder = variable("XFBLAS_EMULATION_FAILURES");
  }
  constexpr uint64_t longest = 24 * 3600 * 1000, largest = 1 << 20;
  environment.time_limit = std::chrono::milliseconds(
      number("XFBLAS_TIMEOUT_MS", longest, uint64_t(environment.time_limit.count())));
  // XRT's emulation fills all of a buffer with zeros when it is made.
  const uint64_t megabytes = environment.is_emulation() ? 64 : 256;
  environment.arena_bytes = number("XFBLAS_XRT_ARENA_MB", largest, megabytes) << 20;
  return environment;
}

}  // namespace xfblas
