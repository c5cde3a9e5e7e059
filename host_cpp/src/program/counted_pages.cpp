#include "program/counted_pages.hpp"

#include <algorithm>

#include "error.hpp"
#include "program/operand.hpp"
#include "saturated.hpp"

namespace xfblas {
namespace {

constexpr auto invalid = XFBLAS_STATUS_INVALID_VALUE;
constexpr size_t result = 2;  // C among the operands A, B, C and X

uint64_t bytes_of(const Operand& operand) {
  const auto elements =
      saturated_product(uint64_t(operand.rows), uint64_t(operand.leading_dimension));
  return saturated_product(elements, operand.element_bytes);
}

[[noreturn]] void fail_ambiguous(const char* name, uint32_t page, uint32_t counted) {
  fail(invalid, name, " at page ", page, " may be what begins there, or what lies at page ",
       counted, " and begins at ", page,
       " where bytes / 4096 is rounded down: give matrices sizes of whole pages");
}

}  // namespace

std::vector<CountedPages::Place> CountedPages::places() const {
  std::vector<Place> found;
  // A result is gone where a matrix was sent behind it.
  for (const auto& place : results_)
    if (place.page >= matrices_.arena().end().page) found.push_back(place);
  for (const auto* matrix : matrices_.all())
    found.push_back({matrices_.arena().counted(matrix->page), matrix->page, matrix->bytes,
                     matrix->element_bytes});
  return found;
}

std::vector<CountedPages::Place> CountedPages::counted_at(const Operand& operand) const {
  auto found = places();
  const auto bytes = bytes_of(operand);
  found.erase(std::remove_if(found.begin(), found.end(),
                             [&](const Place& place) {
                               return place.counted != operand.page || place.bytes != bytes ||
                                      place.element_bytes != operand.element_bytes;
                             }),
              found.end());
  return found;
}

bool CountedPages::begins_at(uint32_t page, uint64_t bytes) const {
  const auto found = places();
  return std::any_of(found.begin(), found.end(), [&](const Place& place) {
    return place.page == page && place.bytes == bytes;
  });
}

bool CountedPages::are_whole(const std::vector<Operand>& operands) const {
  for (size_t i = 0; i < operands.size(); ++i)
    if (i != result && !begins_at(operands[i].page, bytes_of(operands[i]))) return false;
  return true;
}

std::optional<uint32_t> CountedPages::meant_result(const Operand& operand) const {
  const auto known = counted_at(operand);
  if (!known.empty()) return known.size() == 1 ? std::optional(known[0].page) : std::nullopt;
  // Behind all that is there, as far as the program counts it to be.
  auto end = matrices_.arena().end();
  for (const auto& place : results_) {
    end.page = std::max(end.page, place.page + pages_for(place.bytes));
    end.counted = std::max(end.counted, place.counted + place.bytes / page_bytes);
  }
  if (operand.page < end.counted) return std::nullopt;
  const auto page = end.page + (operand.page - end.counted);
  return page < matrices_.arena().pages() ? std::optional(uint32_t(page)) : std::nullopt;
}

std::optional<Pages> CountedPages::meant(const std::vector<Operand>& operands) const {
  Pages pages{0, 0, 0, 0};
  uint32_t* const found[] = {&pages.a, &pages.b, &pages.c, &pages.x};
  for (size_t i = 0; i < operands.size(); ++i) {
    if (i == result) continue;
    const auto known = counted_at(operands[i]);
    if (known.size() != 1) return std::nullopt;
    *found[i] = known[0].page;
  }
  const auto page = meant_result(operands[result]);
  if (!page) return std::nullopt;
  pages.c = *page;
  return pages;
}

Pages CountedPages::pages_of(const std::vector<Operand>& operands) {
  if (begins_) results_.clear();
  begins_ = false;
  Pages given{0, 0, 0, 0};
  uint32_t* const pages[] = {&given.a, &given.b, &given.c, &given.x};
  for (size_t i = 0; i < operands.size(); ++i) *pages[i] = operands[i].page;
  const auto other = meant(operands);
  if (!other) {
    // Several of one size are counted to be there, and none begins there.
    for (const auto& operand : operands)
      if (const auto known = counted_at(operand);
          known.size() > 1 && !begins_at(operand.page, bytes_of(operand)))
        fail_ambiguous(operand.name, operand.page, known[0].page);
    return given;
  }
  const uint32_t meant_pages[] = {other->a, other->b, other->c, other->x};
  for (size_t i = 0; i < operands.size(); ++i)
    if (meant_pages[i] != operands[i].page && are_whole(operands) &&
        are_placed(operands, matrices_.arena()))
      fail_ambiguous(operands[i].name, operands[i].page, meant_pages[i]);
  return *other;
}

void CountedPages::note_result(const Operand& c, uint32_t page) {
  const auto bytes = bytes_of(c);
  if (begins_at(page, bytes) || page < matrices_.arena().end().page) return;
  results_.push_back({c.page, page, bytes, c.element_bytes});
}

uint32_t CountedPages::page_to_read(uint32_t page, uint64_t bytes) const {
  const auto all = places();
  std::vector<Place> same, larger;
  for (const auto& place : all) {
    if (place.counted != page) continue;
    if (place.bytes == bytes) same.push_back(place);
    if (place.bytes > bytes) larger.push_back(place);
  }
  const bool begins =
      std::any_of(all.begin(), all.end(), [&](const Place& place) { return place.page == page; });
  // A part of what begins at the page is told from a whole that is counted to be there.
  const auto& meant = !same.empty() || begins ? same : larger;
  const bool is_whole = begins_at(page, bytes);
  if (meant.empty() || (meant.size() > 1 && is_whole)) return page;
  if (meant.size() > 1 || (is_whole && meant[0].page != page))
    fail_ambiguous("A", page, meant[meant[0].page == page ? 1 : 0].page);
  return meant[0].page;
}

}  // namespace xfblas
