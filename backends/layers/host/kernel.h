// How to write a layer's CPU kernels: NAME/host.cpp, compiled once per instruction set.
//
// Everything except the table at the end of a file is local to its translation unit, and no templates of the standard
// library are instantiated, so that the linker cannot use code for a newer CPU on an older one.
#pragma once

#include "backends/layers/host/host_layer.h"
#include "backends/layers/host/vector_math.h"

namespace {

using whygpu::host_layers::HostLayer;
using whygpu::host_layers::Range;
using whygpu::host_layers::Team;

// Computes one range of the operation's items. Sums over items go to `partial`.
template <class Op>
using Kernel = void (*)(const Op& op, void* const* t, Range items, float* partial);

template <class Op>
struct Bound {
  Kernel<Op> kernel;
  const Op& op;
  void* const* t;

  static void call(const void* self, Range items, float* partial) {
    const auto& bound = *static_cast<const Bound*>(self);
    bound.kernel(bound.op, bound.t, items, partial);
  }
};

template <class Op>
void run_items(Team& team, Kernel<Op> kernel, const Op& op, void* const* t, Index items) {
  const Bound<Op> bound{kernel, op, t};
  team.run({Bound<Op>::call, &bound}, items);
}

template <class Op>
const float* sum_items(Team& team, Kernel<Op> kernel, const Op& op, void* const* t, Index items, Index width) {
  const Bound<Op> bound{kernel, op, t};
  return team.sum({Bound<Op>::call, &bound}, items, width);
}

inline void copy_sums(const float* sums, void* result, Index count) {
  for (Index i = 0; i < count; ++i) static_cast<float*>(result)[i] = sums[i];
}

// Rows are summed block by block, because a long running sum in f32 would lose what the last rows add.
constexpr Index kRowBlock = 64;

template <class F>
void sum_rows_in_blocks(Range rows, Index columns, float* partial, F add_row) {
  float* block = partial + columns;
  for (Index i = 0; i < columns; ++i) partial[i] = 0;
  for (Index first = rows.begin; first < rows.end; first += kRowBlock) {
    const Index last = first + kRowBlock < rows.end ? first + kRowBlock : rows.end;
    for (Index i = 0; i < columns; ++i) block[i] = 0;
    for (Index row = first; row < last; ++row) add_row(row, block);
    for (Index i = 0; i < columns; ++i) partial[i] += block[i];
  }
}

inline float largest(const float* x, Index count) {
  float top = x[0];
#pragma omp simd reduction(max : top)
  for (Index i = 0; i < count; ++i) top = x[i] > top ? x[i] : top;
  return top;
}

// The table entry of a layer with the function that runs it.
template <class Op, void (*kRun)(const Op& op, void* const* t, Team& team)>
constexpr HostLayer layer() {
  return {Op::kName, [](const void* description, void* const* t, Team& team) {
            kRun(*static_cast<const Op*>(description), t, team);
          }};
}

}  // namespace

// WHYGPU_HOST_LAYERS(layer_norm) = {layer<LayerNorm, run>(), {}}; defines the table of the folder layer_norm for the
// instruction set being compiled. An empty entry ends it.
#define WHYGPU_HOST_TABLE_OF(folder, isa) folder##_##isa
#define WHYGPU_HOST_TABLE(folder, isa) WHYGPU_HOST_TABLE_OF(folder, isa)
#define WHYGPU_HOST_LAYERS(folder)                                \
  namespace whygpu::host_layers {                                 \
  extern const HostLayer WHYGPU_HOST_TABLE(folder, WHYGPU_ISA)[]; \
  }                                                               \
  constexpr HostLayer whygpu::host_layers::WHYGPU_HOST_TABLE(folder, WHYGPU_ISA)[]
