#include "native/panel_cache.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cstring>

#include "native/multiply_on_tiles.hpp"

namespace xfblas {

PanelCache::Entry* PanelCache::known(const SourceOfB& b, int64_t k, int64_t n) {
  const auto offset = uint64_t(static_cast<const char*>(b.data) - memory_);
  for (auto& entry : entries_) {
    const auto& place = entry.place;
    if (place.offset == offset && place.k == k && place.n == n && place.ldb == b.ldb) return &entry;
  }
  const auto bytes = uint64_t((k - 1) * b.ldb + n) * uint64_t(b.element_bytes);
  restore(offset, bytes);
  entries_.push_front({{offset, bytes, k, n, b.ldb}, nullptr});
  if (entries_.size() > most_entries && !entries_.back().is_alone) entries_.pop_back();
  return nullptr;
}

std::shared_ptr<const Panels> PanelCache::find(const SourceOfB& b, int64_t rows, int64_t k,
                                               int64_t n, bool wide) {
  auto* entry = known(b, k, n);
  return entry ? packed(*entry, b, rows, wide, 0) : nullptr;
}

std::shared_ptr<const Panels> PanelCache::find_kept(const SourceOfB& b, int64_t rows, int64_t k,
                                                    int64_t n, bool wide, int64_t run) {
  auto* entry = known(b, k, n);
  return packed(entry ? *entry : entries_.front(), b, rows, wide, run);
}

std::shared_ptr<const Panels> PanelCache::packed(Entry& entry, const SourceOfB& b, int64_t rows,
                                                 bool wide, int64_t run) {
  // What is packed for tiles serves few rows as well, so that there is one copy.
  const bool wants_tiles = rows > 0 && (pays_on_tiles(kernels(), rows, entry.place.k) ||
                                        (entry.panels && entry.panels->has_tiles()));
  const bool needs_bounds = wide && b.element_bytes == 2;
  const auto kinds = wants_tiles ? PackedFor::tiles : PackedFor::vectors;
  const auto wanted_run = run_of_panels(entry.place.k, run, kinds);
  if (!entry.panels || (needs_bounds && !entry.panels->is_wide()) ||
      wants_tiles != entry.panels->has_tiles() || entry.panels->run() != wanted_run) {
    const bool was_alone = entry.is_alone;
    restore(entry.place.offset, entry.place.bytes);
    auto panels = std::make_shared<Panels>();
    panels->pack(kernels(), b, entry.place.k, 0, entry.place.n, wide, kinds, run);
    entry.panels = std::move(panels);
    if (was_alone) give_back(entry.place);
    entry.is_alone = was_alone;
    make_room(entry);
  }
  return entry.panels;
}

void PanelCache::keep(const Place& place, const SourceOfB& b) {
  auto panels = std::make_shared<Panels>();
  const bool on_tiles = pays_on_tiles(kernels(), INT64_MAX, place.k);
  panels->pack(kernels(), b, place.k, 0, place.n, false,
               on_tiles ? PackedFor::tiles : PackedFor::vectors);
  forget(place.offset, place.bytes);
  entries_.push_front({place, std::move(panels), true});
  give_back(place);
}

// Whole pages, which are zeros when they are touched again.
void PanelCache::give_back(const Place& place) {
  const auto page = uint64_t(sysconf(_SC_PAGESIZE));
  const auto begin = (place.offset + page - 1) / page * page;
  const auto end = (place.offset + place.bytes) / page * page;
  if (begin < end) madvise(memory_ + begin, end - begin, MADV_DONTNEED);
}

void PanelCache::restore(uint64_t offset, uint64_t bytes) {
  for (auto& entry : entries_) {
    if (!entry.is_alone || !entry.place.meets(offset, bytes)) continue;
    auto* rows = memory_ + entry.place.offset;
    std::memset(rows, 0, entry.place.bytes);
    entry.panels->unpack(rows, entry.place.ldb);
    entry.is_alone = false;
  }
}

void PanelCache::make_room(const Entry& newest) {
  uint64_t bytes = 0;
  for (const auto& entry : entries_) bytes += entry.panels ? entry.panels->bytes() : 0;
  for (auto entry = entries_.end(); entry != entries_.begin() && bytes > most_bytes;) {
    --entry;
    if (&*entry == &newest || !entry->panels || entry->is_alone) continue;
    bytes -= entry->panels->bytes();
    entry = entries_.erase(entry);
  }
}

void PanelCache::invalidate(uint64_t offset, uint64_t bytes) {
  restore(offset, bytes);
  forget(offset, bytes);
}

void PanelCache::forget(uint64_t offset, uint64_t bytes) {
  entries_.remove_if([&](const Entry& entry) { return entry.place.meets(offset, bytes); });
}

}  // namespace xfblas
