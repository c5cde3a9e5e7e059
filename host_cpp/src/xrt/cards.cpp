#include "xrt/cards.hpp"

#include <cstdlib>
#include <filesystem>

#include "error.hpp"

namespace xfblas {
namespace {

namespace fs = std::filesystem;

constexpr char driver_name[] = "xocl";

fs::path devices_folder() {
  const char* folder = std::getenv("XFBLAS_PCI_DEVICES");  // for tests
  return folder ? folder : "/sys/bus/pci/devices";
}

std::string file_of(const fs::path& device) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(device / "drm", error)) {
    const auto name = entry.path().filename().string();
    if (name.rfind("renderD", 0) == 0) return name;
  }
  return {};
}

std::string text_of(const Cards& cards) {
  std::string text;
  for (const auto& card : cards) text += (text.empty() ? "" : ", ") + card.first;
  return text;
}

}  // namespace

Cards find_cards() {
  Cards cards;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(devices_folder(), error)) {
    std::error_code none;
    if (fs::read_symlink(entry.path() / "driver", none).filename() == driver_name)
      cards[entry.path().filename().string()] = file_of(entry.path());
  }
  return cards;
}

void require_card(const std::string& bdf) {
  const auto cards = find_cards();
  require(!cards.empty(), XFBLAS_STATUS_INVALID_VALUE, "there is no card ", bdf,
          ": no card here has XRT's driver ", driver_name,
          ". `xfblas doctor` tells what to do next");
  require(cards.count(bdf) > 0, XFBLAS_STATUS_INVALID_VALUE, "there is no card ", bdf,
          ": those that are there are ", text_of(cards));
}

OpenCardFiles::OpenCardFiles() {
  std::map<std::string, std::string> bdf_of;  // by the name of its file
  for (const auto& [bdf, file] : find_cards())
    if (!file.empty()) bdf_of[file] = bdf;
  if (bdf_of.empty()) return;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/proc/self/fd", error)) {
    std::error_code none;
    const auto found = bdf_of.find(fs::read_symlink(entry.path(), none).filename().string());
    if (found != bdf_of.end()) ++counts_[found->second];
  }
}

std::string OpenCardFiles::card_opened_since(const OpenCardFiles& before) const {
  for (const auto& [bdf, count] : counts_) {
    const auto known = before.counts_.find(bdf);
    if (known == before.counts_.end() || known->second < count) return bdf;
  }
  return {};
}

}  // namespace xfblas
