#include "engine.hpp"

#include <dlfcn.h>
#include <glob.h>

#include <vector>

namespace xfblas_public {
namespace {

std::string own_folder() {
  Dl_info info{};
  if (dladdr(reinterpret_cast<void*>(&Engine::instance), &info) == 0 || !info.dli_fname) return "";
  const std::string path = info.dli_fname;
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash + 1);
}

std::vector<std::string> files_like(const std::string& pattern) {
  glob_t found{};
  std::vector<std::string> files;
  if (glob(pattern.c_str(), 0, nullptr, &found) == 0)
    files.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  globfree(&found);
  return files;
}

void* load_engine() {
  const auto folder = own_folder();
  std::string reasons;
  for (const char* name : {"xfblas.so", "libxfblas.so", "_xfblas*.so"})
    for (const auto& file : files_like(folder + name)) {
      // By this handle names are looked up there alone, not in this library.
      void* library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
      if (library) return library;
      reasons += std::string("; ") + dlerror();
    }
  if (reasons.empty()) reasons = "; there is none";
  throw std::runtime_error("the engine's library beside libxfblas_public.so in " + folder +
                           " cannot be loaded" + reasons + ": `make lib` builds both");
}

template <typename Function>
void find(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(dlsym(library, name));
  if (!function)
    throw std::runtime_error(std::string("the engine's library has no ") + name +
                             ": it is of another version");
}

}  // namespace

Engine::Engine() {
  void* library = load_engine();
#define XFBLAS_FIND(name) find(library, "xfblas" #name, name);
  XFBLAS_ENGINE_FUNCTIONS(XFBLAS_FIND)
#undef XFBLAS_FIND
}

const Engine& Engine::instance() {
  static const Engine engine;
  return engine;
}

}  // namespace xfblas_public
