// Column matrices of the tiles of a convolution (backends/devices/convolution_tiles.h), written and summed on the GPU.
#pragma once

#include "backends/devices/convolution_tiles.h"

struct CUstream_st;

namespace whygpu {

// Writes the columns of the output pixels of `tile`, whose lines are output lines. x and columns have elements of
// `element_bytes`.
void im2col(const Convolution& conv, const ConvolutionTile& tile, std::size_t element_bytes, const void* x,
            void* columns, CUstream_st* stream);

// Sums the columns of output lines `outputs` into the x of `tile`, whose lines are input lines. Columns have the
// accumulator's type, x has conv.dtype. One thread sums each value in a fixed order, so results are bitwise
// reproducible.
void col2im(const Convolution& conv, const ConvolutionTile& tile, LineRange outputs, const void* columns, void* x,
            CUstream_st* stream);

}  // namespace whygpu
