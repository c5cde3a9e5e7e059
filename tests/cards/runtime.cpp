// A runtime for cards that are not there: XRT's C interface as far as the xrt target uses it.
// Device memory is apart from its mirror, so that a missing copy shows, and runs are computed
// by the kernel library in FAKE_KERNEL. Every call is a line in the file FAKE_LOG. The cards
// are the folders of XFBLAS_PCI_DEVICES, counted from the last one on.
#include <dlfcn.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace fs = std::filesystem;

namespace {

struct Card {
  int file = -1;
  char uuid[16] = {};
};

struct Buffer {
  std::vector<char> mirror, memory;
};

struct Run {
  Buffer* buffer = nullptr;
  int state = 1;
};

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

template <typename... Parts>
void log(const char* format, Parts... parts) {
  std::FILE* file = std::fopen(variable("FAKE_LOG").c_str(), "a");
  std::fprintf(file, format, parts...);
  std::fclose(file);
}

std::vector<std::string> cards() {
  std::vector<std::string> found;
  for (const auto& entry : fs::directory_iterator(variable("XFBLAS_PCI_DEVICES")))
    if (fs::exists(entry.path() / "drm")) found.push_back(entry.path().filename());
  std::sort(found.rbegin(), found.rend());
  return found;
}

void* open_card(const std::string& bdf) {
  const auto folder = fs::path(variable("XFBLAS_PCI_DEVICES")) / bdf / "drm";
  if (!fs::exists(folder)) return errno = ENODEV, nullptr;
  return new Card{::open(fs::directory_iterator(folder)->path().c_str(), O_RDONLY)};
}

int number(const char* name, int absent) {
  const auto text = variable(name);
  return text.empty() ? absent : std::stoi(text);
}

}  // namespace

extern "C" {

void* xrtDeviceOpen(unsigned index) {
  log("open %u\n", index);
  const auto all = cards();
  return index < all.size() ? open_card(all[index]) : (errno = ENODEV, nullptr);
}

void* xrtDeviceOpenByBDF(const char* bdf) {
  log("open %s\n", bdf);
  return open_card(bdf);
}

int xrtDeviceClose(void* device) {
  log("close\n");
  auto* card = static_cast<Card*>(device);
  ::close(card->file);
  delete card;
  return 0;
}

int xrtDeviceLoadXclbinFile(void* device, const char* path) {
  log("load\n");
  if (const int error = number("FAKE_LOAD_ERROR", 0)) return errno = error, -error;
  std::ifstream file(path);
  file.seekg(416).read(static_cast<Card*>(device)->uuid, 16);
  return 0;
}

int xrtDeviceGetXclbinUUID(void* device, unsigned char* uuid) {
  std::memcpy(uuid, static_cast<Card*>(device)->uuid, 16);
  return 0;
}

void* xrtPLKernelOpen(void*, const unsigned char*, const char* name) {
  log("kernel %s\n", name);
  return new int;
}
int xrtKernelClose(void* kernel) { return delete static_cast<int*>(kernel), 0; }
int xrtKernelArgGroupId(void*, int) { return 0; }

// What was on a card before is not zeros.
void* xrtBOAlloc(void*, size_t bytes, uint64_t, uint32_t) {
  return new Buffer{std::vector<char>(bytes), std::vector<char>(bytes, 0x5a)};
}
int xrtBOFree(void* buffer) { return delete static_cast<Buffer*>(buffer), 0; }
void* xrtBOMap(void* buffer) { return static_cast<Buffer*>(buffer)->mirror.data(); }
uint64_t xrtBOAddress(void*) { return 0; }

int xrtBOSync(void* handle, int direction, size_t bytes, size_t offset) {
  log("%s %zu %zu\n", direction == 0 ? "send" : "fetch", bytes, offset);
  if (const int error = number("FAKE_COPY_ERROR", 0)) return -error;
  auto& buffer = *static_cast<Buffer*>(handle);
  if (offset + bytes > buffer.memory.size()) return EINVAL;
  char* mirror = buffer.mirror.data() + offset;
  char* memory = buffer.memory.data() + offset;
  std::memcpy(direction == 0 ? memory : mirror, direction == 0 ? mirror : memory, bytes);
  return 0;
}

void* xrtRunOpen(void*) { return new Run; }
int xrtRunClose(void* run) { return delete static_cast<Run*>(run), 0; }

int xrtRunSetArg(void* run, int argument, ...) {
  va_list values;
  va_start(values, argument);
  static_cast<Run*>(run)->buffer = static_cast<Buffer*>(va_arg(values, void*));
  va_end(values);
  return 0;
}

int xrtRunStart(void* handle) {
  log("run\n");
  using RunKernel = int (*)(void*, uint64_t, char*, size_t);
  static void* library = dlopen(variable("FAKE_KERNEL").c_str(), RTLD_NOW);
  static auto kernel = reinterpret_cast<RunKernel>(dlsym(library, "xfblas_run_fcnKernel"));
  auto& run = *static_cast<Run*>(handle);
  auto& memory = run.buffer->memory;
  char message[512];
  run.state = number("FAKE_STATE", 4);
  if (run.state == 4) kernel(memory.data(), memory.size(), message, sizeof message);
  return 0;
}
int xrtRunState(void* run) { return static_cast<Run*>(run)->state; }
int xrtRunWait(void* run) { return static_cast<Run*>(run)->state; }
int xrtRunWaitFor(void* run, unsigned) { return static_cast<Run*>(run)->state; }
}
