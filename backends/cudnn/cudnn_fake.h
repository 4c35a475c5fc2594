// A fake cuDNN for tests: it proposes the engines that a test lists, and refuses to plan those that the test says.
#pragma once

#include <cudnn.h>

#include <map>
#include <string>
#include <vector>

namespace whygpu {

struct FakeEngine {
  std::int64_t index = 0;
  bool plans = true;
  std::vector<cudnnBackendNumericalNote_t> notes = {};
  std::int64_t workspace = 0;
  std::int64_t knob = 0;
};

// A graph as the caller described it, from its last operation backwards.
struct FakeGraph {
  int operations = 0;
  cudnnDataType_t read{};          // type of the convolution's inputs
  cudnnDataType_t written{};       // type of the result
  cudnnDataType_t intermediate{};  // type between two operations
  bool is_virtual = false;         // whether that is a virtual tensor
};

struct CudnnFake {
  std::map<cudnnBackendHeurMode_t, std::vector<FakeEngine>>
      engines;                    // no entry: the heuristic refuses; an empty one: it warns
  bool refuses_identity = false;  // to plan a graph of two operations
  bool reads_f32_only = false;    // no heuristic has engines for other inputs
  std::string words = "no kernel fits";

  std::vector<cudnnBackendHeurMode_t> asked;  // heuristics, in order
  std::vector<std::int64_t> planned;          // engines that were finalised, in order, refused ones included
  std::vector<FakeGraph> graphs;              // in order of creation
  int alive = 0;                              // descriptors
};

CudnnFake& cudnn_fake();

}  // namespace whygpu
