// What lies where in a compute unit's memory: its pages, the matrices in them, and the rows that go
// there and come back. Nothing here touches the memory itself; target/ does.
#ifndef XFBLAS_MEMORY_MEMORY_HPP
#define XFBLAS_MEMORY_MEMORY_HPP

#include "memory/arena.hpp"
#include "memory/host_operand.hpp"
#include "memory/matrix.hpp"
#include "memory/matrix_table.hpp"
#include "memory/rows.hpp"

#endif
