// Which pages of a compute unit's memory are taken. It hands out page numbers and holds no memory.
#ifndef XFBLAS_ARENA_HPP
#define XFBLAS_ARENA_HPP

#include <cstdint>
#include <map>

namespace xfblas {

class Arena {
 public:
  explicit Arena(uint32_t pages) : pages_(pages) {}

  // The first gap that is large enough. In a fresh arena ranges follow one another from page 2,
  // which programs that compute offsets by hand rely on.
  uint32_t allocate(uint64_t bytes);
  void free(uint32_t first_page);

  // Whether a range lies inside one allocation, or touches none at all.
  bool is_whole(uint32_t first_page, uint32_t pages) const;

  uint32_t pages() const { return pages_; }

 private:
  uint32_t pages_;
  std::map<uint32_t, uint32_t> taken_;  // first page -> pages
};

// Pages that hold this many bytes.
uint64_t pages_for(uint64_t bytes);

}  // namespace xfblas

#endif
