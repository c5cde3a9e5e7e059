#include <dlfcn.h>

#include <filesystem>

#include "error.hpp"
#include "image/image.hpp"

namespace xfblas {
namespace {

namespace fs = std::filesystem;

constexpr const char* image_name = "default_short.xclbin";

// Where images lie, seen from the library: in the Python package, in the source tree's lib/, and
// in lib/ or lib/<architecture>/ of an installation.
constexpr const char* image_folders[] = {"images", "../xfblas/images", "../share/xfblas/images",
                                         "../../share/xfblas/images"};

fs::path find_library_folder() noexcept {
  try {
    Dl_info found;
    std::error_code error;
    if (!dladdr(&image_name, &found) || !found.dli_fname) return {};
    return fs::canonical(found.dli_fname, error).parent_path();
  } catch (...) {
    return {};
  }
}

// While the library is loaded, because its path may be relative and the program may change folders.
const fs::path library_folder = find_library_folder();

}  // namespace

std::string packaged_image() {
  std::string looked_in;
  for (const auto* folder : image_folders) {
    std::error_code error;
    const auto path = (library_folder / folder / image_name).lexically_normal();
    if (fs::is_regular_file(path, error)) return path.string();
    looked_in += (looked_in.empty() ? "" : ", ") + path.parent_path().string();
  }
  fail(XFBLAS_STATUS_IMAGE_INVALID, "xclbin is NULL, but the packaged ", image_name,
       " is in none of ", looked_in, ": pass the path of an image");
}

}  // namespace xfblas
