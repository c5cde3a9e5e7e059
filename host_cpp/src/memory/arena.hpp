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

  // Where a range begins for programs that count its bytes / 4096, rounded down, and so all before
  // it; see counted_pages.hpp.
  uint32_t counted(uint32_t first_page) const { return taken_.at(first_page).counted; }
  // The page behind the last range, as it is and as it is counted.
  struct End {
    uint64_t page, counted;
  };
  End end() const;

 private:
  struct Range {
    uint32_t pages, counted, whole_pages;  // whole_pages: without the last, where it is not full
  };

  uint32_t pages_;
  std::map<uint32_t, Range> taken_;  // by first page
};

// Pages that hold this many bytes.
uint64_t pages_for(uint64_t bytes);

}  // namespace xfblas

#endif
