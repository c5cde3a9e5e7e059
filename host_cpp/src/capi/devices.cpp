// The C functions of devices, and of what needs none.
#include <cstring>

#include "capi/handle.hpp"
#include "error.hpp"
#include "image/image.hpp"
#include "memory/memory.hpp"
#include "native/native.hpp"
#include "target/target.hpp"
#include "xfblas/check.hpp"
#include "xfblas/map_cycles.hpp"

using namespace xfblas;

namespace {

const char* text_or_empty(const char* text) { return text ? text : ""; }

// device: gives the name of the device to open.
template <typename Name>
xfblasStatus_t create(xfblasHandle_t* handle, const char* xclbin, const char* config,
                      const char* engine, unsigned int numKernels, const char* target,
                      const Name& device) noexcept {
  return guarded([&] {
    require_place("handle", handle);
    require_texts(config, engine, target);
    *handle = nullptr;
    const auto image = xclbin ? std::string(xclbin) : packaged_image();
    *handle = add_handle(std::make_unique<Device>(image, text_or_empty(config),
                                                  text_or_empty(engine), numKernels,
                                                  text_or_empty(target), device()));
  });
}

}  // namespace

const char* xfblasVersion(void) { return XFBLAS_VERSION; }

const char* xfblasLastError(void) { return last_error(); }

xfblasStatus_t xfblasCreate(xfblasHandle_t* handle, const char* xclbin, const char* config,
                            const char* engine, unsigned int numKernels, const char* target,
                            unsigned int deviceIndex) {
  return create(handle, xclbin, config, engine, numKernels, target,
                [&] { return DeviceName{deviceIndex, {}}; });
}

xfblasStatus_t xfblasCreateByBdf(xfblasHandle_t* handle, const char* xclbin, const char* config,
                                 const char* engine, unsigned int numKernels, const char* target,
                                 const char* bdf) {
  return create(handle, xclbin, config, engine, numKernels, target, [&] {
    require(bdf != nullptr, XFBLAS_STATUS_INVALID_VALUE, "bdf is NULL, expected ", bdf_example);
    return DeviceName{0, canonical_bdf(bdf)};
  });
}

xfblasStatus_t xfblasDestroy(xfblasHandle_t* handle) {
  return guarded([&] {
    require_no_number(handle);
    require(handle != nullptr && *handle != nullptr, XFBLAS_STATUS_NOT_INITIALIZED,
            "handle is NULL: the device was never created or is destroyed already");
    remove_handle(*handle);
    *handle = nullptr;
  });
}

xfblasStatus_t xfblasGetInfo(xfblasHandle_t handle, xfblasInfo_t* info) {
  return guarded([&] {
    const DeviceCall call(handle);
    require_place("info", info);
    *info = call.device().info();
  });
}

xfblasStatus_t xfblasGetNative(xfblasNative_t* native) {
  return guarded([&] {
    require_place("native", native);
    *native = describe_native();
  });
}

xfblasStatus_t xfblasSoftmax(float* values, unsigned long long rows, unsigned int columns) {
  return guarded([&] {
    require(values != nullptr || rows == 0, XFBLAS_STATUS_INVALID_VALUE,
            "values is NULL, expected rows of floats");
    require(columns > 0, XFBLAS_STATUS_INVALID_VALUE, "columns is 0, expected 1 or more");
    if (rows == 0) return;
    require(rows <= uint64_t(INT64_MAX), XFBLAS_STATUS_INVALID_VALUE, "rows is ", rows,
            ", which no memory holds");
    require_operand("values", host_matrix(values, int64_t(rows), columns, columns, sizeof *values));
    for (unsigned long long i = 0; i < rows; ++i) kernels().softmax(values + i * columns, columns);
  });
}

namespace {

xfblas::Machine machine_of(const xfblasMachine_t& m) {
  for (const auto size :
       {m.wordElements, m.addendElements, m.arrayRows, m.arrayColumns, m.tileRows, m.tileColumns,
        m.chunk, m.vectorRows, m.vectorChunk, m.updateInterval})
    require(size > 0, XFBLAS_STATUS_INVALID_VALUE, "a size of the machine is 0, expected 1 or more");
  return {m.wordElements, m.addendElements, m.arrayRows,   m.arrayColumns,
          m.tileRows,     m.tileColumns,    m.chunk,       m.vectorRows,
          m.vectorChunk,  m.updateInterval, m.burstCycles, m.memoryLatency};
}

Instruction instruction_of(const unsigned int* given) {
  Instruction words;
  std::memcpy(&words, given, sizeof words);
  return words;
}

template <class Model>
xfblasCycles_t cycles_of(const Model& model, const Instruction& words) {
  const auto parts = model.parts(words);
  return {model.instruction(words), parts.compute, parts.memory, parts.drain, model.launch()};
}

}  // namespace

xfblasStatus_t xfblasEstimate(const xfblasMachine_t* machine, const unsigned int* instruction,
                              xfblasCycles_t* cycles) {
  return guarded([&] {
    require(machine && instruction && cycles, XFBLAS_STATUS_INVALID_VALUE,
            "machine, instruction or cycles is NULL, expected a place for each");
    const auto sizes = machine_of(*machine);
    const auto words = instruction_of(instruction);
    require(words.opcode == opcode_gemm || words.opcode == opcode_gemv ||
                words.opcode == opcode_fcn || words.opcode == opcode_softmax,
            XFBLAS_STATUS_INVALID_VALUE, "the instruction's opcode is ", words.opcode,
            ", expected ", opcode_gemv, " (Gemv), ", opcode_gemm, " (Gemm), ", opcode_fcn,
            " (Fcn) or ", opcode_softmax, " (Softmax)");
    require(words.m > 0 && words.k > 0, XFBLAS_STATUS_INVALID_VALUE, "m is ", words.m, " and k is ",
            words.k, ", expected 1 or more");
    require(words.opcode == opcode_gemv || (words.n > 0 && words.ldc > 0),
            XFBLAS_STATUS_INVALID_VALUE, "n is ", words.n, " and ldc is ", words.ldc,
            ", expected 1 or more");
    if (words.opcode == opcode_softmax) {
      const auto fields = check_softmax_fields(words);
      require(words.ldb > 0 && fields == status_ok, XFBLAS_STATUS_INVALID_VALUE,
              "the fields of the Softmax instruction are none that an engine takes");
    }
    *cycles = cycles_of(CycleModel(sizes), words);
  });
}

xfblasStatus_t xfblasEstimateMap(const xfblasMachine_t* machine, const unsigned int* map,
                                 const unsigned int* instruction, xfblasCycles_t* cycles) {
  return guarded([&] {
    require(machine && map && instruction && cycles, XFBLAS_STATUS_INVALID_VALUE,
            "machine, map, instruction or cycles is NULL, expected a place for each");
    const auto sizes = machine_of(*machine);
    require(sizes.addend_lanes == 2 || sizes.addend_lanes == 4, XFBLAS_STATUS_INVALID_VALUE,
            "addendElements is ", sizes.addend_lanes, ", expected 2 (int16) or 4 (int8)");
    const auto before = instruction_of(map), words = instruction_of(instruction);
    require(before.opcode == opcode_map, XFBLAS_STATUS_INVALID_VALUE, "the map's opcode is ",
            before.opcode, ", expected ", opcode_map);
    require(words.opcode == opcode_fcn || words.opcode == opcode_window,
            XFBLAS_STATUS_INVALID_VALUE, "the instruction's opcode is ", words.opcode,
            ", expected ", opcode_fcn, " (Fcn) or ", opcode_window, " (Window)");
    const Accepted engine = {opcode_fcn, uint32_t(4 / sizes.addend_lanes), 4,
                             uint32_t(sizes.array_rows), uint32_t(sizes.array_columns), false};
    const auto status = check(words, before, UINT32_MAX, engine);
    require(status == status_ok, XFBLAS_STATUS_INVALID_VALUE,
            "the fields of the map and the instruction are none that an engine takes: status ",
            uint32_t(status));
    *cycles = cycles_of(MapCycles(sizes, before), words);
  });
}
