// The standard headers that the kernels use, to be included before any `#pragma GCC target`: code
// of theirs that is shared between translation units must run on every CPU.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <type_traits>
#include <utility>

#include "native/kernels.hpp"
#include "xfblas/activation.hpp"
#include "xfblas/entry_table.hpp"
#include "xfblas/float_activation.hpp"

// Of loops over registers.
#define XFBLAS_UNROLL _Pragma("GCC unroll 16")
