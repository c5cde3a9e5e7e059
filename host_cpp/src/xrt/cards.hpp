// The cards of this machine, as Linux shows them. XRT's C interface opens a card by its address
// on the PCI bus (BDF) or by an index, but does not tell which index is which card.
#ifndef XFBLAS_XRT_CARDS_HPP
#define XFBLAS_XRT_CARDS_HPP

#include <map>
#include <string>

namespace xfblas {

// The cards that XRT's driver has, with the name of the file by which each is opened
// (renderD128); that is empty where there is none.
using Cards = std::map<std::string, std::string>;
Cards find_cards();

// Fails where there is no such card; the text lists those that there are.
void require_card(const std::string& bdf);

// How often this process has each card's file open.
class OpenCardFiles {
 public:
  OpenCardFiles();

  // The card that was opened since then; empty where none was.
  std::string card_opened_since(const OpenCardFiles& before) const;

 private:
  std::map<std::string, int> counts_;  // by BDF
};

}  // namespace xfblas

#endif
