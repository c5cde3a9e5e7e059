// Cuts memory words into the vectors that the array and the post-processing take.
#ifndef XFBLAS_UNPACK_HPP
#define XFBLAS_UNPACK_HPP

#include "shape.hpp"
#include "xfblas/stream.hpp"

namespace xfblas {

// Vectors of `lanes` elements out of words. A row of words may end before its last vector does;
// then the vector's other lanes are 0.
template <class E, int lanes>
class Unpacker {
 public:
  using Element = typename E::Element;
  using Word = typename E::Word;

 private:
  static constexpr bool narrow = lanes < E::word_lanes;
  static constexpr int piece = narrow ? lanes : E::word_lanes;
  static constexpr int vectors_of_a_word = E::word_lanes / piece;
  static_assert(divides(piece, lanes) && divides(piece, E::word_lanes),
                "a memory word must hold whole vectors, or a vector whole words");

 public:
  // A stream passes a word a cycle, so a wide vector takes this many.
  static constexpr int words_of_a_vector = lanes / piece;

  // The next vectors come from this many lanes of new words.
  void begin(uint64_t row_lanes) {
#pragma HLS INLINE
    words_left_ = (row_lanes + E::word_lanes - 1) / E::word_lanes;
    part_ = 0;
  }

  Vector<Element, lanes> next(stream<Word>& in) {
#pragma HLS INLINE
    Vector<Element, lanes> vector;
  words:
    for (int w = 0; w < words_of_a_vector; ++w) {
#pragma HLS UNROLL
      if (part_ == 0) {
        word_ = Word{};
        if (words_left_ > 0) {
          word_ = in.read();
          --words_left_;
        }
      }
    lanes:
      for (int i = 0; i < piece; ++i) {
#pragma HLS UNROLL
        vector.lane[w * piece + i] = word_.lane[part_ * piece + i];
      }
    }
    part_ = part_ + 1 == vectors_of_a_word ? 0 : part_ + 1;
    return vector;
  }

 private:
  Word word_;
  uint64_t words_left_;
  int part_;
};

}  // namespace xfblas

#endif
