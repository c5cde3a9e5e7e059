#include "process.hpp"

#include <dirent.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <vector>

namespace xfblas::emulation {

void report(const std::string& text) {
  std::fprintf(stderr, "xfblas emulation (process %d): %s\n", int(getpid()), text.c_str());
}

void die(const std::string& reason) {
  report(reason);
  kill(getpid(), SIGKILL);
  _exit(1);
}

void close_files_except(std::initializer_list<int> kept) {
  DIR* folder = opendir("/proc/self/fd");
  if (folder == nullptr) return;
  std::vector<int> open_files;
  while (const dirent* entry = readdir(folder)) open_files.push_back(std::atoi(entry->d_name));
  closedir(folder);
  for (const int file : open_files)
    if (file > STDERR_FILENO && std::find(kept.begin(), kept.end(), file) == kept.end())
      close(file);
}

}  // namespace xfblas::emulation
