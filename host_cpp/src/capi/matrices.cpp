// The C functions of matrices in a compute unit's memory.
#include <cstdint>
#include <vector>

#include "capi/handle.hpp"
#include "error.hpp"

using namespace xfblas;

xfblasStatus_t xfblasMalloc(xfblasHandle_t handle, void** devPtr, int rows, int lda, int elemSize,
                            unsigned int kernelIndex) {
  return on_unit(handle, kernelIndex, [&](ComputeUnit& unit) {
    require_place("devPtr", devPtr);
    *devPtr = unit.allocate(rows, lda, elemSize);
  });
}

xfblasStatus_t xfblasMallocPacked(xfblasHandle_t handle, void** devPtr, int rows, int lda,
                                  int elemSize, unsigned int kernelIndex) {
  return on_unit(handle, kernelIndex, [&](ComputeUnit& unit) {
    require_place("devPtr", devPtr);
    *devPtr = unit.allocate_packed(rows, lda, elemSize, false);
  });
}

xfblasStatus_t xfblasMallocPackedFilter(xfblasHandle_t handle, void** devPtr, int rows, int lda,
                                        int elemSize, unsigned int kernelIndex) {
  return on_unit(handle, kernelIndex, [&](ComputeUnit& unit) {
    require_place("devPtr", devPtr);
    *devPtr = unit.allocate_packed(rows, lda, elemSize, true);
  });
}

xfblasStatus_t xfblasSetMatrix(xfblasHandle_t handle, int rows, int cols, int elemSize,
                               const void* A, int lda, void* d_A, unsigned int kernelIndex) {
  return on_unit(handle, kernelIndex, [&](ComputeUnit& unit) {
    unit.write(d_A, {static_cast<const char*>(A), rows, cols, lda, elemSize});
  });
}

xfblasStatus_t xfblasSetMatrices(xfblasHandle_t handle, const xfblasUpdate_t* updates,
                                 unsigned int count, unsigned int kernelIndex) {
  return on_unit(handle, kernelIndex, [&](ComputeUnit& unit) {
    require(updates != nullptr && count > 0, XFBLAS_STATUS_INVALID_VALUE,
            "updates is ", static_cast<const void*>(updates), " of ", count,
            ", expected 1 matrix or more");
    require_there("updates", updates, uint64_t(count) * sizeof *updates);
    std::vector<ComputeUnit::Update> found;
    for (unsigned int i = 0; i < count; ++i) {
      const auto& u = updates[i];
      found.push_back(
          {u.d_A, {static_cast<const char*>(u.A), u.rows, u.cols, u.lda, u.elemSize}});
    }
    unit.write_several(found);
  });
}

xfblasStatus_t xfblasGetMatrix(xfblasHandle_t handle, int rows, int cols, int elemSize,
                               const void* d_A, void* A, int lda, unsigned int kernelIndex) {
  return on_unit(handle, kernelIndex, [&](ComputeUnit& unit) {
    unit.read(d_A, {nullptr, rows, cols, lda, elemSize}, static_cast<char*>(A));
  });
}

xfblasStatus_t xfblasMallocRestricted(xfblasHandle_t handle, int rows, int cols, int elemSize,
                                      void* A, int lda, unsigned int kernelIndex) {
  return on_unit(handle, kernelIndex,
                 [&](ComputeUnit& unit) { unit.allocate_for(A, rows, cols, elemSize, lda); });
}

xfblasStatus_t xfblasSetMatrixRestricted(xfblasHandle_t handle, void* A, unsigned int kernelIndex) {
  return on_unit(handle, kernelIndex, [&](ComputeUnit& unit) { unit.write_all(A, A); });
}

xfblasStatus_t xfblasGetMatrixRestricted(xfblasHandle_t handle, void* A, unsigned int kernelIndex) {
  return on_unit(handle, kernelIndex, [&](ComputeUnit& unit) { unit.read_all(A, A); });
}

xfblasStatus_t xfblasSend(xfblasHandle_t handle, void* A, unsigned long long numElem, int elemSize,
                          unsigned int kernelIndex) {
  return on_unit(handle, kernelIndex, [&](ComputeUnit& unit) { unit.send(A, numElem, elemSize); });
}

xfblasStatus_t xfblasGet(xfblasHandle_t handle, void* A, unsigned int kernelIndex) {
  return on_unit(handle, kernelIndex, [&](ComputeUnit& unit) { unit.read_all(A, A); });
}

xfblasStatus_t xfblasGetByAddress(xfblasHandle_t handle, void* A, unsigned long long bufSize,
                                  unsigned int offset, unsigned int kernelIndex) {
  return on_unit(handle, kernelIndex,
                 [&](ComputeUnit& unit) { unit.read_pages(offset, A, bufSize); });
}

xfblasStatus_t xfblasGetOffset(xfblasHandle_t handle, const void* A, unsigned int* offset,
                               unsigned int kernelIndex) {
  return on_unit(handle, kernelIndex, [&](ComputeUnit& unit) {
    require_place("offset", offset);
    *offset = unit.page_of(A);
  });
}

xfblasStatus_t xfblasFree(xfblasHandle_t handle, void* A, unsigned int kernelIndex) {
  return on_unit(handle, kernelIndex, [&](ComputeUnit& unit) { unit.free(A); });
}
