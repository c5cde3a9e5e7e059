#include "native/panel_cache.hpp"

namespace xfblas {

PanelCache::Entry* PanelCache::known(const SourceOfB& b, int64_t k, int64_t n) {
  const auto offset = uint64_t(static_cast<const char*>(b.data) - memory_);
  for (auto& entry : entries_)
    if (entry.offset == offset && entry.k == k && entry.n == n && entry.ldb == b.ldb) return &entry;
  const auto bytes = uint64_t((k - 1) * b.ldb + n) * uint64_t(b.element_bytes);
  entries_.push_front({offset, bytes, k, n, b.ldb, nullptr});
  if (entries_.size() > most_entries) entries_.pop_back();
  return nullptr;
}

std::shared_ptr<const Panels> PanelCache::find(const SourceOfB& b, int64_t k, int64_t n,
                                               bool wide) {
  auto* entry = known(b, k, n);
  return entry ? packed(*entry, b, wide) : nullptr;
}

std::shared_ptr<const Panels> PanelCache::find_kept(const SourceOfB& b, int64_t k, int64_t n,
                                                    bool wide) {
  auto* entry = known(b, k, n);
  return packed(entry ? *entry : entries_.front(), b, wide);
}

std::shared_ptr<const Panels> PanelCache::packed(Entry& entry, const SourceOfB& b, bool wide) {
  const bool needs_bounds = wide && b.element_bytes == 2;
  if (!entry.panels || (needs_bounds && !entry.panels->is_wide())) {
    auto panels = std::make_shared<Panels>();
    panels->pack(kernels(), b, entry.k, 0, entry.n, wide);
    entry.panels = std::move(panels);
    make_room(entry);
  }
  return entry.panels;
}

void PanelCache::make_room(const Entry& newest) {
  uint64_t bytes = 0;
  for (const auto& entry : entries_) bytes += entry.panels ? entry.panels->bytes() : 0;
  for (auto entry = entries_.end(); entry != entries_.begin() && bytes > most_bytes;) {
    --entry;
    if (&*entry == &newest || !entry->panels) continue;
    bytes -= entry->panels->bytes();
    entry = entries_.erase(entry);
  }
}

void PanelCache::invalidate(uint64_t offset, uint64_t bytes) {
  entries_.remove_if([&](const Entry& entry) {
    return entry.offset < offset + bytes && offset < entry.offset + entry.bytes;
  });
}

}  // namespace xfblas
