// Memory that grows to what was needed most and is kept for the next call.
#ifndef XFBLAS_NATIVE_WORKSPACE_HPP
#define XFBLAS_NATIVE_WORKSPACE_HPP

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>

namespace xfblas {

class Workspace {
 public:
  // Room for `count` of T at a cache line, of any content. Earlier contents are lost where it
  // grows. A few lines behind the end may be read, as prefetching and whole vectors do.
  template <typename T>
  T* room(size_t count) {
    const size_t bytes = count * sizeof(T);
    if (bytes > bytes_) {
      memory_.reset();
      bytes_ = 0;
      const size_t whole = (bytes + slack + line - 1) / line * line;
      memory_.reset(static_cast<char*>(std::aligned_alloc(line, whole)));
      if (!memory_) throw std::bad_alloc();
      bytes_ = bytes;
    }
    return reinterpret_cast<T*>(memory_.get());
  }

 private:
  static constexpr size_t line = 64, slack = 256;
  struct Free {
    void operator()(char* memory) const { std::free(memory); }
  };
  std::unique_ptr<char, Free> memory_;
  size_t bytes_ = 0;
};

}  // namespace xfblas

#endif
