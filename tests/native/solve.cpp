// solve ISA FILE: computes the products in a file and writes each C, with what lies between its
// rows, to standard output. For machines without Python; test_other_machines.py writes the file.
#include <cstdio>
#include <fstream>
#include <vector>

#include "library.cpp"

namespace {

struct Header {
  int64_t path, element_bytes;
  int64_t bytes[4];    // of A, B, X and C; of X 0 where there is none
  int64_t leading[4];  // in elements
  uint32_t words[16];
};

}  // namespace

int main(int count, char** arguments) {
  if (count != 3) return 2;
  std::ifstream file(arguments[2], std::ios::binary);
  Header header;
  while (file.read(reinterpret_cast<char*>(&header), sizeof header)) {
    std::vector<char> operands[4];
    for (int i = 0; i < 4; ++i) {
      operands[i].resize(size_t(header.bytes[i]));
      if (!file.read(operands[i].data(), header.bytes[i])) return 3;
    }
    const auto& [a, b, x, c] = operands;
    const Arrays arrays{a.data(),           b.data(),          header.bytes[2] ? x.data() : nullptr,
                        operands[3].data(), header.leading[0], header.leading[1],
                        header.leading[2],  header.leading[3]};
    Instruction instruction;
    std::memcpy(&instruction, header.words, sizeof instruction);
    uint64_t counts[sum_paths];
    if (run_product(arguments[1], int(header.path), int(header.element_bytes), &arrays,
                    &instruction, counts) != 0)
      return 4;
    std::fwrite(c.data(), 1, c.size(), stdout);
  }
  return 0;
}
