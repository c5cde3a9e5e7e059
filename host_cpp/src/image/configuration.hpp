// What an image was built for: the keys of config_info.dat that the host needs.
#ifndef XFBLAS_CONFIGURATION_HPP
#define XFBLAS_CONFIGURATION_HPP

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "xfblas/cycle_model.hpp"
#include "xfblas/stream_job.hpp"

namespace xfblas {

// Of elements: of matrices, and int32 of X alone.
enum class DataType { int8, int16, int32, float32 };
enum class Engine { gemm, gemv, fcn, stream };

Engine engine_from_name(const std::string& name);
const char* name_of(Engine engine);
const char* name_of(DataType type);
uint32_t bytes_of(DataType type);

// One kernel of a streaming network: `fold` inputs at a time for each of `lanes` outputs.
struct StreamLayer {
  uint32_t inputs, outputs, lanes, fold;
  StreamFunction function;
  uint32_t routes;  // StreamRoute: what can go to the host

  uint32_t blocks() const { return (inputs + fold - 1) / fold; }
  uint32_t groups() const { return (outputs + lanes - 1) / lanes; }
};

const char* name_of(StreamFunction function);

struct Configuration {
  DataType data_type = DataType::int16;
  DataType addend_type = DataType::int32;  // of X, on the Fcn engine
  bool x_is_row = false;                   // one for all rows of C, on the Fcn engine
  uint32_t ddr_width = 1;                  // elements in a memory word
  uint32_t addend_ddr_width = 1;  // elements of X in a memory word
  uint32_t m_blocks = 1, k_blocks = 1, n_blocks = 1;
  uint32_t instructions_per_launch = 16;
  uint32_t kernel_count = 1;
  std::optional<Machine> machine;  // sizes of the engine, where the image tells them
  std::vector<StreamLayer> stream_layers;  // of an image of streaming kernels
  bool runs_gemm = false, runs_gemv = false, runs_fcn = false;

  bool runs(Engine engine) const;
  uint32_t element_bytes() const { return bytes_of(data_type); }
  // Of one element of X. Fcn adds a bias of a type of its own, Gemm what C held before.
  uint32_t addend_bytes(Engine engine) const {
    return bytes_of(engine == Engine::fcn ? addend_type : data_type);
  }
  // Fails where the Fcn engine adds no X of this type to elements of that one.
  void require_addend() const;
  uint32_t m_padding() const { return ddr_width * m_blocks; }
  uint32_t k_padding() const { return ddr_width * k_blocks; }
  uint32_t n_padding() const { return ddr_width * n_blocks; }
  // Of matrices that pad themselves. Kernels whose sizes are known take any; n stays in whole words,
  // since a word of C that ends a row would be read and merged.
  uint32_t m_step() const { return machine ? 1 : m_padding(); }
  uint32_t k_step() const { return machine ? 1 : k_padding(); }
  // Whether a packed B of n columns lies as one of another n does.
  bool packs_alike(int64_t n, int64_t other) const {
    const auto strip = int64_t(machine->array_columns);
    return (n + strip - 1) / strip == (other + strip - 1) / strip;
  }
  // n of a layer whose C is the A of the next one
  uint32_t chain_padding() const { return ddr_width * (k_blocks > n_blocks ? k_blocks : n_blocks); }
};

// Reads the text of a config_info.dat; source names it in errors, which give the line number.
Configuration parse_configuration(const std::string& text, const std::string& source);

// Fails with both values where two configurations of one image differ.
void require_same(const Configuration& given, const std::string& given_source,
                  const Configuration& carried, const std::string& carried_source);

}  // namespace xfblas

#endif
