// The functions of xfblas.h, under other names: this library has functions of these names itself.
#ifndef XFBLAS_PUBLIC_ENGINE_HPP
#define XFBLAS_PUBLIC_ENGINE_HPP

#include <stdexcept>
#include <string>

// clang-format off
#define XFBLAS_ENGINE_FUNCTIONS(apply)                                                        \
  apply(Version) apply(LastError) apply(Create) apply(Destroy) apply(Send) apply(Get)          \
  apply(GetByAddress) apply(Free) apply(FreeInstr) apply(Gemm) apply(Gemv) apply(Fcn)          \
  apply(FcnByAddress) apply(Execute) apply(ExecuteAsync) apply(Synchronize)
// clang-format on

#define xfblasVersion engineVersion
#define xfblasLastError engineLastError
#define xfblasCreate engineCreate
#define xfblasDestroy engineDestroy
#define xfblasSend engineSend
#define xfblasGet engineGet
#define xfblasGetByAddress engineGetByAddress
#define xfblasFree engineFree
#define xfblasFreeInstr engineFreeInstr
#define xfblasGemm engineGemm
#define xfblasGemv engineGemv
#define xfblasFcn engineFcn
#define xfblasFcnByAddress engineFcnByAddress
#define xfblasExecute engineExecute
#define xfblasExecuteAsync engineExecuteAsync
#define xfblasSynchronize engineSynchronize
#include "xfblas.h"
#undef xfblasVersion
#undef xfblasLastError
#undef xfblasCreate
#undef xfblasDestroy
#undef xfblasSend
#undef xfblasGet
#undef xfblasGetByAddress
#undef xfblasFree
#undef xfblasFreeInstr
#undef xfblasGemm
#undef xfblasGemv
#undef xfblasFcn
#undef xfblasFcnByAddress
#undef xfblasExecute
#undef xfblasExecuteAsync
#undef xfblasSynchronize

namespace xfblas_public {

// The library beside this one that has the engine: lib/xfblas.so, or the extension of the package.
class Engine {
 public:
  // Loads it the first time; throws where it is not there.
  static const Engine& instance();

#define XFBLAS_DECLARE(name) decltype(&engine##name) name;
  XFBLAS_ENGINE_FUNCTIONS(XFBLAS_DECLARE)
#undef XFBLAS_DECLARE

  // Throws the reason where a call failed.
  void check(xfblasStatus_t status) const {
    if (status != XFBLAS_STATUS_SUCCESS) throw std::runtime_error(LastError());
  }

 private:
  Engine();
};

}  // namespace xfblas_public

#endif
