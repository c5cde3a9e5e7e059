// From the arguments of a product to words that a kernel runs: checked, encoded, queued on a
// compute unit, and launched page by page.
#ifndef XFBLAS_PROGRAM_PROGRAM_HPP
#define XFBLAS_PROGRAM_PROGRAM_HPP

#include "program/counted_pages.hpp"
#include "program/encoder.hpp"
#include "program/launch.hpp"
#include "program/map_step.hpp"
#include "program/operation.hpp"
#include "program/queue.hpp"

#endif
