#include "memory/arena.hpp"

#include <algorithm>
#include <iterator>

#include "error.hpp"
#include "xfblas/instruction.hpp"

namespace xfblas {

uint64_t pages_for(uint64_t bytes) { return bytes / page_bytes + (bytes % page_bytes != 0); }

uint32_t Arena::allocate(uint64_t bytes) {
  const auto wanted = pages_for(bytes);
  uint64_t candidate = first_matrix_page;
  uint64_t counted = first_matrix_page;
  uint64_t largest_gap = 0;
  for (const auto& [first, range] : taken_) {
    if (first - candidate >= wanted) break;
    largest_gap = std::max<uint64_t>(largest_gap, first - candidate);
    candidate = uint64_t(first) + range.pages;
    counted = uint64_t(range.counted) + range.whole_pages;
  }
  require(candidate + wanted <= pages_, XFBLAS_STATUS_ALLOC_FAILED, "the compute unit's memory of ",
          pages_, " pages (4096 bytes each) has no room for ", wanted,
          " more: the largest gap has ", std::max<uint64_t>(largest_gap, pages_ - candidate),
          ". Free matrices that are no longer needed or send fewer rows at a time");
  taken_.emplace(uint32_t(candidate),
                 Range{uint32_t(wanted), uint32_t(counted), uint32_t(bytes / page_bytes)});
  return uint32_t(candidate);
}

void Arena::free(uint32_t first_page) { taken_.erase(first_page); }

bool Arena::is_whole(uint32_t first_page, uint32_t pages) const {
  const uint64_t end = uint64_t(first_page) + pages;
  auto next = taken_.upper_bound(first_page);
  if (next != taken_.begin()) {
    const auto previous = std::prev(next);
    const uint64_t previous_end = uint64_t(previous->first) + previous->second.pages;
    if (first_page < previous_end) return end <= previous_end;
  }
  return next == taken_.end() || end <= next->first;
}

Arena::End Arena::end() const {
  if (taken_.empty()) return {first_matrix_page, first_matrix_page};
  const auto& [first, range] = *taken_.rbegin();
  return {uint64_t(first) + range.pages, uint64_t(range.counted) + range.whole_pages};
}

}  // namespace xfblas
