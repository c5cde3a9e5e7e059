// Page offsets as programs for the public library count them.
//
// Its Python takes a matrix to fill bytes / 4096 pages, rounded down, where memory gives it whole
// pages. Behind a matrix that does not fill its last page the two differ, and the counted page of
// what follows lies in another matrix. So an operand is looked for by both: its page, and its size.
// Where that tells one reading from the other the program runs as it was meant; else it is refused.
#ifndef XFBLAS_COUNTED_PAGES_HPP
#define XFBLAS_COUNTED_PAGES_HPP

#include <optional>
#include <vector>

#include "memory/memory.hpp"
#include "program/operand.hpp"
#include "program/operation.hpp"

namespace xfblas {

class CountedPages {
 public:
  explicit CountedPages(const MatrixTable& matrices) : matrices_(matrices) {}

  // The pages that a product's operands A, B, C and X (if there is one) lie at.
  Pages pages_of(const std::vector<Operand>& operands);
  // The page to read so many bytes from.
  uint32_t page_to_read(uint32_t page, uint64_t bytes) const;
  // A product was queued that writes C where nothing was allocated, or elsewhere.
  void note_result(const Operand& c, uint32_t page);
  // The next product begins a new program.
  void begin_program() { begins_ = true; }

 private:
  // What lies in memory from `page` on and is `counted` by programs: a matrix that was sent, or the
  // result of an instruction where nothing was allocated.
  struct Place {
    uint32_t counted, page;
    uint64_t bytes;
    uint32_t element_bytes;
  };

  std::vector<Place> places() const;
  std::vector<Place> counted_at(const Operand& operand) const;
  bool begins_at(uint32_t page, uint64_t bytes) const;
  bool are_whole(const std::vector<Operand>& operands) const;
  // The pages that a program means that counts; nothing where it names other places or several.
  std::optional<Pages> meant(const std::vector<Operand>& operands) const;
  std::optional<uint32_t> meant_result(const Operand& c) const;

  const MatrixTable& matrices_;
  std::vector<Place> results_;  // of the program
  bool begins_ = false;
};

}  // namespace xfblas

#endif
