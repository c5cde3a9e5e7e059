#include "image/configuration.hpp"

#include <algorithm>
#include <cstdlib>
#include <initializer_list>
#include <iterator>
#include <map>
#include <sstream>

#include "error.hpp"
#include "xfblas/instruction.hpp"

namespace xfblas {
namespace {

constexpr auto invalid = XFBLAS_STATUS_IMAGE_INVALID;

// The types of elements as images name them, the second way as images of other makers do.
struct NamedType {
  DataType type;
  const char* names[2];
  uint32_t bytes;
};
constexpr NamedType types[] = {{DataType::int8, {"int8", "int8_t"}, 1},
                               {DataType::int16, {"short", "int16_t"}, 2},
                               {DataType::int32, {"int32_t", "int"}, 4},
                               {DataType::float32, {"float", "float"}, 4}};

const NamedType& entry_of(DataType type) {
  return *std::find_if(std::begin(types), std::end(types),
                       [&](const auto& entry) { return entry.type == type; });
}

struct Value {
  std::string text;
  int line;
};

// Keys without their prefix; programs for either generation of images must find them.
std::string without_prefix(const std::string& key) {
  for (const char* prefix : {"BLAS_", "GEMX_"})
    if (key.rfind(prefix, 0) == 0) return key.substr(5);
  return key;
}

std::map<std::string, Value> read_words(const std::string& text, const std::string& source) {
  std::map<std::string, Value> values;
  std::istringstream lines(text);
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    std::istringstream words(line);
    std::string word;
    while (words >> word) {
      const auto equals = word.find('=');
      require(equals != std::string::npos && equals > 0 && equals + 1 < word.size(), invalid,
              source, " line ", number, ": '", word, "' is not NAME=value");
      const auto key = without_prefix(word.substr(0, equals));
      const auto value = word.substr(equals + 1);
      const auto [entry, is_new] = values.emplace(key, Value{value, number});
      require(is_new || entry->second.text == value, invalid, source, " line ", number, ": ", key,
              " is ", value, " here and ", entry->second.text, " on line ", entry->second.line);
    }
  }
  return values;
}

class Reader {
 public:
  Reader(const std::string& text, const std::string& source)
      : source_(source), values_(read_words(text, source)) {}

  uint32_t number(const char* key, uint32_t minimum, uint32_t maximum, uint32_t absent) const {
    const auto entry = values_.find(key);
    if (entry == values_.end()) return absent;
    const auto& [text, line] = entry->second;
    char* end = nullptr;
    const long value = std::strtol(text.c_str(), &end, 10);
    require(*end == 0 && value >= long(minimum) && value <= long(maximum), invalid, source_,
            " line ", line, ": ", key, " is '", text, "', expected a whole number from ", minimum,
            " to ", maximum);
    return uint32_t(value);
  }

  // One of the names, as its place among them.
  uint32_t choice(const std::string& key, std::initializer_list<const char*> names) const {
    const auto entry = values_.find(key);
    require(entry != values_.end(), invalid, source_, ": ", key, " is missing");
    std::string expected;
    for (const auto* name : names) {
      if (entry->second.text == name) return uint32_t(std::find(names.begin(), names.end(), name) -
                                                      names.begin());
      expected += (expected.empty() ? "" : " or ") + std::string(name);
    }
    fail(invalid, source_, " line ", entry->second.line, ": ", key, " is '", entry->second.text,
         "', expected ", expected);
  }

  // A streaming network's layers; no others name any.
  std::vector<StreamLayer> stream_layers() const {
    constexpr uint32_t most_layers = 64, largest = 1 << 16, widest = 256;
    std::vector<StreamLayer> layers;
    const auto count = number("numLayers", 1, most_layers, 0);
    const auto size = [&](const std::string& name, uint32_t at) {
      const auto key = name + std::to_string(at);
      require(has(key.c_str()), invalid, source_, ": ", key, " is missing");
      return number(key.c_str(), 1, largest, 0);
    };
    const auto power = [&](const std::string& name, uint32_t at) {
      const auto value = size(name, at);
      require((value & (value - 1)) == 0 && value <= widest, invalid, source_, ": ", name, at,
              " is ", value, ", expected a power of two up to ", widest);
      return value;
    };
    for (uint32_t at = 1; at <= count; ++at) {
      const auto function = choice("ACTIVATION_LAYER_" + std::to_string(at),
                                   {"linear", "relu", "tanh", "sigmoid"});
      const auto routes =
          choice("ROUTES_LAYER_" + std::to_string(at), {"none", "s", "x", "sx"});
      layers.push_back({size("SIZE_LAYER_", at - 1), size("SIZE_LAYER_", at),
                        power("LANES_LAYER_", at), power("FOLD_LAYER_", at),
                        StreamFunction(function), routes});
    }
    if (!layers.empty())
      require(data_type() != DataType::int8, invalid, source_, ": dataType is int8, expected short ",
              "or float for a streaming network");
    return layers;
  }

  bool has(const char* key) const { return values_.count(key) > 0; }

  // The sizes of the engine; images of other makers do not tell them.
  std::optional<Machine> machine() const {
    if (!has("arrayRows")) return std::nullopt;
    constexpr uint32_t largest = 1 << 20;
    const auto size = [&](const char* key) { return number(key, 1, largest, 1); };
    Machine machine{};
    machine.word_lanes = size("wordElements");
    machine.addend_lanes = 1;  // an engine may take wider ones
    machine.array_rows = size("arrayRows"), machine.array_columns = size("arrayColumns");
    machine.tile_rows = size("tileRows"), machine.tile_columns = size("tileColumns");
    machine.chunk = size("chunk");
    machine.vector_rows = size("vectorRows"), machine.vector_chunk = size("vectorChunk");
    machine.update_interval = size("updateInterval");
    machine.burst_cycles = size("burstCycles"), machine.memory_latency = size("memoryLatency");
    return machine;
  }

  // The type that a key names; expected: all that it may be, in words.
  DataType type(const char* key, std::initializer_list<DataType> allowed,
                const char* expected) const {
    const auto entry = values_.find(key);
    require(entry != values_.end(), invalid, source_, ": ", key, " is missing, expected ",
            expected);
    const auto& [text, line] = entry->second;
    for (const auto type : allowed)
      for (const auto* name : entry_of(type).names)
        if (text == name) return type;
    fail(invalid, source_, " line ", line, ": ", key, " is '", text, "', expected ", expected);
  }

  DataType data_type() const {
    return type("dataType", {DataType::int16, DataType::float32, DataType::int8},
                "short, float or int8");
  }

  DataType addend_type(DataType data_type) const {
    if (!has("XdataType"))
      return data_type == DataType::float32 ? DataType::float32 : DataType::int32;
    return type("XdataType", {DataType::int32, DataType::float32, DataType::int16, DataType::int8},
                "int32_t, float, short or int8");
  }

 private:
  const std::string& source_;
  std::map<std::string, Value> values_;
};

}  // namespace

Engine engine_from_name(const std::string& name) {
  if (name == "Gemm") return Engine::gemm;
  if (name == "Gemv") return Engine::gemv;
  if (name == "Fcn") return Engine::fcn;
  if (name == "Stream") return Engine::stream;
  fail(XFBLAS_STATUS_INVALID_VALUE, "engine is '", name, "', expected Gemm, Gemv, Fcn or Stream");
}

const char* name_of(Engine engine) {
  switch (engine) {
    case Engine::gemm: return "Gemm";
    case Engine::gemv: return "Gemv";
    case Engine::stream: return "Stream";
    default: return "Fcn";
  }
}

const char* name_of(StreamFunction function) {
  switch (function) {
    case StreamFunction::relu: return "relu";
    case StreamFunction::tanh: return "tanh";
    case StreamFunction::sigmoid: return "sigmoid";
    default: return "linear";
  }
}

const char* name_of(DataType type) { return entry_of(type).names[0]; }

uint32_t bytes_of(DataType type) { return entry_of(type).bytes; }

bool Configuration::runs(Engine engine) const {
  switch (engine) {
    case Engine::gemm: return runs_gemm;
    case Engine::gemv: return runs_gemv;
    case Engine::stream: return !stream_layers.empty();
    default: return runs_fcn;
  }
}

void Configuration::require_addend() const {
  const auto wide = data_type == DataType::float32 ? DataType::float32 : DataType::int32;
  require(addend_type == wide || addend_type == data_type, XFBLAS_STATUS_NOT_SUPPORTED,
          "the image has dataType=", name_of(data_type), " and XdataType=", name_of(addend_type),
          ", but the Fcn engine adds ", name_of(wide),
          wide == data_type ? "" : std::string(" or ") + name_of(data_type));
}

Configuration parse_configuration(const std::string& text, const std::string& source) {
  constexpr uint32_t widest = 1 << 16;
  const Reader reader(text, source);
  Configuration configuration;
  configuration.data_type = reader.data_type();
  configuration.addend_type = reader.addend_type(configuration.data_type);
  configuration.x_is_row = reader.number("XVEC", 0, 1, 0);
  configuration.ddr_width = reader.number("ddrWidth", 1, widest, 1);
  configuration.addend_ddr_width = reader.number("XddrWidth", 1, widest, configuration.ddr_width);
  configuration.m_blocks = reader.number("gemmMBlocks", 1, widest, 1);
  configuration.k_blocks = reader.number("gemmKBlocks", 1, widest, 1);
  configuration.n_blocks = reader.number("gemmNBlocks", 1, widest, 1);
  configuration.instructions_per_launch = reader.number("numInstr", 2, instructions_per_page, 16);
  configuration.kernel_count = reader.number("numKernels", 1, 1024, 1);
  configuration.runs_gemm = reader.number("runGemm", 0, 1, 0);
  configuration.runs_gemv = reader.number("runGemv", 0, 1, 0);
  configuration.runs_fcn = reader.number("runFcn", 0, 1, 0);
  configuration.machine = reader.machine();
  configuration.stream_layers = reader.stream_layers();
  return configuration;
}

void require_same(const Configuration& given, const std::string& given_source,
                  const Configuration& carried, const std::string& carried_source) {
  const auto compare = [&](const char* key, const auto& ours, const auto& theirs) {
    require(ours == theirs, invalid, key, " is ", ours, " in ", given_source, " but ", theirs,
            " in ", carried_source, ": take the config_info.dat that was built with this image");
  };
  compare("dataType", std::string(name_of(given.data_type)), name_of(carried.data_type));
  compare("XdataType", std::string(name_of(given.addend_type)), name_of(carried.addend_type));
  compare("XVEC", given.x_is_row, carried.x_is_row);
  compare("ddrWidth", given.ddr_width, carried.ddr_width);
  compare("XddrWidth", given.addend_ddr_width, carried.addend_ddr_width);
  compare("gemmMBlocks", given.m_blocks, carried.m_blocks);
  compare("gemmKBlocks", given.k_blocks, carried.k_blocks);
  compare("gemmNBlocks", given.n_blocks, carried.n_blocks);
  compare("numInstr", given.instructions_per_launch, carried.instructions_per_launch);
  compare("numKernels", given.kernel_count, carried.kernel_count);
  compare("runGemm", given.runs_gemm, carried.runs_gemm);
  compare("runGemv", given.runs_gemv, carried.runs_gemv);
  compare("runFcn", given.runs_fcn, carried.runs_fcn);
}

}  // namespace xfblas
