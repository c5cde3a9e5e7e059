// Steps over feature maps: their arguments checked, and their two instructions.
#ifndef XFBLAS_MAP_STEP_HPP
#define XFBLAS_MAP_STEP_HPP

#include <array>
#include <cstdint>

#include "image/image.hpp"
#include "program/operation.hpp"
#include "xfblas/feature_map.hpp"

namespace xfblas {

enum class MapStepKind { convolution, largest, average, depthwise };

// As calls have them; xfblasWalk_t of xfblas.h says what each is.
struct MapWalk {
  int64_t frames;
  int64_t height, width, channels;
  int64_t up_rows, up_columns;
  int64_t kernel_rows, kernel_columns;
  int64_t stride_rows, stride_columns;
  int64_t dilation_rows, dilation_columns;
  int64_t pad_top, pad_left;
  int64_t out_rows, out_columns;
  int64_t first_a, pixel_a;
  int64_t first_c, pixel_c, row_c, frame_c;
  int64_t fill;
};

struct MapStep {
  MapStepKind kind;
  MapWalk walk;
  int64_t n;
  EpilogueFields epilogue;
};

// The Map instruction and the one after it, which stay together.
using MapOperations = std::array<Operation, 2>;

class MapStepMaker {
 public:
  MapStepMaker(const OperationMaker& maker, Engine engine, const Configuration& configuration)
      : maker_(maker), engine_(engine), configuration_(configuration) {}

  // Pooling has no B, X and table.
  MapOperations step(const MapStep& step, const Matrices& matrices) const;
  // Fails where the image's kernel knows no feature maps.
  void require_maps() const;

 private:
  void check_walk(const MapStep& step) const;
  void check_places(const MapStep& step, const Matrices& matrices) const;
  void check_operands(const MapStep& step, const Matrices& matrices) const;
  Instruction second(const MapStep& step, const Matrices& matrices) const;

  const OperationMaker& maker_;
  Engine engine_;
  Configuration configuration_;
};

// The elements of A and of C from the first to behind the last, behind their pages.
struct ElementSpan {
  uint64_t begin, end;
};
ElementSpan span_of_a(const MapWalk& walk);
ElementSpan span_of_c(const MapWalk& walk, int64_t n);

}  // namespace xfblas

#endif
