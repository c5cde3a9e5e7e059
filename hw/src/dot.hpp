// The products of A's rows with x, one memory word of a row a cycle.
#ifndef XFBLAS_DOT_HPP
#define XFBLAS_DOT_HPP

#include "tile.hpp"
#include "vector_shape.hpp"
#include "xfblas/stream.hpp"

namespace xfblas {

// The sum of a vector, as a tree of adders.
template <class Traits, int count>
typename Traits::Accumulator sum_of(Vector<typename Traits::Accumulator, count> vector) {
#pragma HLS INLINE
levels:
  for (int half = count / 2; half > 0; half /= 2) {
#pragma HLS UNROLL
  pairs:
    for (int i = 0; i < half; ++i) {
#pragma HLS UNROLL
      vector.lane[i] = Traits::add(vector.lane[i], vector.lane[i + half]);
    }
  }
  return vector.lane[0];
}

// Lanes from `valid` on lie behind the row's end and count as nothing.
template <class V>
typename V::Accumulator product_of(const typename V::Word& a, const typename V::Word& x,
                                   uint32_t valid) {
#pragma HLS INLINE
  typename V::SumVector products;
lanes:
  for (uint32_t lane = 0; lane < uint32_t(V::word_lanes); ++lane) {
#pragma HLS UNROLL
    products.lane[lane] =
        lane < valid
            ? V::Traits::multiply_add(typename V::Accumulator(0), a.lane[lane], x.lane[lane])
            : typename V::Accumulator(0);
  }
  return sum_of<typename V::Traits>(products);
}

// m rows of k elements. For each block of rows and each chunk of x: x, then the rows of A.
template <class V>
void dot(uint32_t m, uint32_t k, stream<typename V::Word>& x_words,
         stream<typename V::Word>& a_words, stream<typename V::PartVector>& out) {
  typename V::Word x[V::chunk / V::word_lanes];
#pragma HLS BIND_STORAGE variable=x type=ram_2p impl=bram
#pragma HLS AGGREGATE variable=x
blocks:
  for (uint32_t block = 0; block < pieces(m, V::block_rows); ++block) {
    const uint32_t rows = smaller(V::block_rows, m - block * V::block_rows);
  chunks:
    for (uint32_t chunk = 0; chunk < pieces(k, V::chunk); ++chunk) {
      const uint32_t length = smaller(V::chunk, k - chunk * V::chunk);
      const uint32_t words = pieces(length, V::word_lanes);
    vector:
      for (uint32_t w = 0; w < words; ++w) {
#pragma HLS PIPELINE II=1
        x[w] = x_words.read();
      }
      typename V::PartVector parts = cleared<typename V::Accumulator, V::update_interval>();
      uint32_t w = 0, turn = 0;
    steps:
      for (uint64_t step = 0; step < uint64_t(rows) * words; ++step) {
#pragma HLS PIPELINE II=1
        if (w == 0) {
          parts = cleared<typename V::Accumulator, V::update_interval>();
          turn = 0;
        }
        const uint32_t valid = length - w * V::word_lanes;
        parts.lane[turn] =
            V::Traits::add(parts.lane[turn], product_of<V>(a_words.read(), x[w], valid));
        turn = turn + 1 == uint32_t(V::update_interval) ? 0 : turn + 1;
        if (++w == words) {
          out.write(parts);
          w = 0;
        }
      }
    }
  }
}

// Adds the rows' sums to y, a block of rows at a time.
template <class V>
void add_to_y(uint32_t m, uint32_t k, stream<typename V::PartVector>& parts,
              stream<typename V::Word>& y_words, stream<typename V::Word>& out) {
  typename V::SumVector sums[V::block_rows / V::word_lanes];
#pragma HLS BIND_STORAGE variable=sums type=ram_s2p impl=lutram
blocks:
  for (uint32_t block = 0; block < pieces(m, V::block_rows); ++block) {
    const uint32_t rows = smaller(V::block_rows, m - block * V::block_rows);
    const uint32_t words = pieces(rows, V::word_lanes);
  begin:
    for (uint32_t w = 0; w < words; ++w) {
#pragma HLS PIPELINE II=1
      const typename V::Word y = y_words.read();
    begin_lanes:
      for (int lane = 0; lane < V::word_lanes; ++lane) {
#pragma HLS UNROLL
        sums[w].lane[lane] = typename V::Accumulator(y.lane[lane]);
      }
    }
  chunks:
    for (uint32_t chunk = 0; chunk < pieces(k, V::chunk); ++chunk) {
    rows:
      for (uint32_t row = 0; row < rows; ++row) {
        // A single row may come back at once with its next chunk, and an addition takes this long.
#pragma HLS PIPELINE II=V::update_interval
        typename V::Accumulator& sum = sums[row / V::word_lanes].lane[row % V::word_lanes];
        sum = V::Traits::add(sum, sum_of<typename V::Traits>(parts.read()));
        spend(V::update_interval - 1);
      }
    }
  finish:
    for (uint32_t w = 0; w < words; ++w) {
#pragma HLS PIPELINE II=1
      typename V::Word y;
    finish_lanes:
      for (int lane = 0; lane < V::word_lanes; ++lane) {
#pragma HLS UNROLL
        y.lane[lane] = typename V::Element(sums[w].lane[lane]);
      }
      out.write(y);
    }
  }
}

}  // namespace xfblas

#endif
