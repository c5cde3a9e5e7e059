#include "native/panel_cache.hpp"

namespace xfblas {

PanelCache::Entry* PanelCache::known(const SourceOfB& b, int64_t k, int64_t n) {
  const auto offset = uint64_t(static_cast<const char*>(b.data) - memory_);
  for (auto& entry : entries_)
    if (entry.offset == offset && entry.k == k && entry.n == n && entry.ldb == b.ldb) return &entry;
  const auto bytes = uint64_t((k - 1) * b.ldb + n) * uint64_t(b.element_bytes);
  entries_.push_front({offset, bytes, k, n, b.ldb, false, {}});
  return nullptr;
}

const Panels* PanelCache::find(const SourceOfB& b, int64_t k, int64_t n, bool wide) {
  auto* entry = known(b, k, n);
  return entry ? &packed(*entry, b, wide) : nullptr;
}

const Panels& PanelCache::find_kept(const SourceOfB& b, int64_t k, int64_t n, bool wide) {
  auto* entry = known(b, k, n);
  return packed(entry ? *entry : entries_.front(), b, wide);
}

const Panels& PanelCache::packed(Entry& entry, const SourceOfB& b, bool wide) {
  const bool lacks_bounds = wide && b.element_bytes == 2 && !entry.panels.is_wide();
  if (!entry.is_packed || lacks_bounds) {
    entry.is_packed = false;
    entry.panels.pack(kernels(), b, entry.k, 0, entry.n, wide);
    entry.is_packed = true;
    make_room(entry);
  }
  return entry.panels;
}

void PanelCache::make_room(const Entry& newest) {
  uint64_t bytes = 0;
  for (const auto& entry : entries_) bytes += entry.panels.bytes();
  for (auto entry = entries_.end(); entry != entries_.begin() && bytes > most_bytes;) {
    --entry;
    if (&*entry == &newest) continue;
    bytes -= entry->panels.bytes();
    entry = entries_.erase(entry);
  }
}

void PanelCache::invalidate(uint64_t offset, uint64_t bytes) {
  entries_.remove_if([&](const Entry& entry) {
    return entry.offset < offset + bytes && offset < entry.offset + entry.bytes;
  });
}

}  // namespace xfblas
