// The streaming MLP from C++: weights from text files, two rows of ones, x of the last layer.
//
//   mlp IMAGE WEIGHTS [TARGET]    WEIGHTS: a folder with layer1.txt, layer2.txt
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "stream_mlp.h"  // made with the image: its sizes, stream_load, stream_run, stream_unload

static std::vector<float> read_numbers(const std::string& path) {
  std::ifstream file(path);
  return {std::istream_iterator<float>(file), {}};
}

int main(int count, char** words) {
  if (count < 3) return std::fprintf(stderr, "usage: mlp IMAGE WEIGHTS [TARGET]\n"), 2;
  std::vector<std::vector<float>> layers;
  const float *weights[STREAM_LAYERS], *biases[STREAM_LAYERS];
  for (int i = 0; i < STREAM_LAYERS; ++i) {
    const size_t products = size_t(stream_sizes[i]) * stream_sizes[i + 1];
    layers.push_back(read_numbers(words[2] + ("/layer" + std::to_string(i + 1)) + ".txt"));
    if (layers[i].size() != products + stream_sizes[i + 1])
      return std::fprintf(stderr, "layer%d.txt has %zu numbers\n", i + 1, layers[i].size()), 2;
    weights[i] = layers[i].data(), biases[i] = layers[i].data() + products;
  }
  const std::vector<float> rows(2 * SIZE_LAYER_0, 1);
  std::vector<float> x1(2 * SIZE_LAYER_1), x2(2 * SIZE_LAYER_2);
  stream_outputs outputs = {};  // s1 and s2 stay on the device
  outputs.x1 = x1.data(), outputs.x2 = x2.data();
  xfblasHandle_t device = nullptr;
  const char* target = count > 3 ? words[3] : nullptr;
  if (stream_load(&device, words[1], target, weights, biases, nullptr) ||
      stream_run(device, rows.data(), 2, &outputs) || stream_unload(&device))
    return std::fprintf(stderr, "%s\n", xfblasLastError()), 1;
  for (const float x : x2) std::printf("%.9g\n", x);
}
