// Panels of the B operands in a compute unit's memory, kept until their bytes change.
#ifndef XFBLAS_NATIVE_PANEL_CACHE_HPP
#define XFBLAS_NATIVE_PANEL_CACHE_HPP

#include <cstdint>
#include <list>
#include <memory>

#include "native/panels.hpp"

namespace xfblas {

class PanelCache {
 public:
  explicit PanelCache(char* memory) : memory_(memory) {}

  // The memory lies elsewhere now.
  void move_to(char* memory) { memory_ = memory; }

  // A matrix B (k, n) in the memory, whose range may be longer than its rows.
  struct Place {
    uint64_t offset, bytes;
    int64_t k, n, ldb;

    bool meets(uint64_t begin, uint64_t count) const {
      return offset < begin + count && begin < offset + bytes;
    }
  };

  // The panels of B (k, n), or null at its first use, for a matrix that is used once is better
  // packed on the way. `wide`: with what sums of 48 bits need. They stay as long as they are held,
  // also where the cache forgets them.
  std::shared_ptr<const Panels> find(const SourceOfB& b, int64_t k, int64_t n, bool wide);

  // The same, packed at its first use already. run: of A's rows, where these are not one piece; see
  // Panels::pack.
  std::shared_ptr<const Panels> find_kept(const SourceOfB& b, int64_t k, int64_t n, bool wide,
                                          int64_t run = 0);

  // Packs B, which lies elsewhere, in place of its rows in the memory: these come back when they
  // are asked for. Until then the panels are all there is of B, and stay.
  void keep(const Place& place, const SourceOfB& b);

  // Brings back rows that have a part in these bytes.
  void restore(uint64_t offset, uint64_t bytes);

  // Forgets what was packed from these bytes of the memory: because they change, where rows come
  // back before, or for good.
  void invalidate(uint64_t offset, uint64_t bytes);
  void forget(uint64_t offset, uint64_t bytes);

 private:
  // Of packed copies; with more than this the oldest go.
  static constexpr uint64_t most_bytes = uint64_t(1) << 30;
  // Of matrices, packed or used once.
  static constexpr size_t most_entries = 4096;

  struct Entry {
    Place place;
    std::shared_ptr<Panels> panels;  // null until they are packed
    bool is_alone = false;           // its rows are not in the memory
  };
  Entry* known(const SourceOfB& b, int64_t k, int64_t n);
  std::shared_ptr<const Panels> packed(Entry& entry, const SourceOfB& b, bool wide, int64_t run);
  void give_back(const Place& place);
  void make_room(const Entry& newest);

  char* memory_;
  std::list<Entry> entries_;  // the newest first
};

}  // namespace xfblas

#endif
