// How to write a layer's OpenCL kernels: NAME/opencl.cl, compiled after this file.
//
// Buffers are arguments of the kernel with the place where their values start. START(x) moves FLOATS and INTEGERS
// there; VALUES are f32 or bf16, and read and written by GET and SET.
#define FLOATS(x) global float *x, const ulong x##_first
#define INTEGERS(x) global int *x, const ulong x##_first
#define VALUES(x) global void *x, const ulong x##_first, const int x##_narrow
#define START(x) x += x##_first

inline float get_value(global const void *x, const ulong i, const int narrow) {
  return narrow ? as_float((uint)((global const ushort *)x)[i] << 16) : ((global const float *)x)[i];
}
// Rounds to nearest even; NaN stays NaN.
inline void set_value(global void *x, const ulong i, const int narrow, const float value) {
  if (narrow) {
    const uint word = as_uint(value);
    ((global ushort *)x)[i] = isnan(value) ? 0x7fc0 : (word + 0x7fff + ((word >> 16) & 1)) >> 16;
  } else {
    ((global float *)x)[i] = value;
  }
}
#define GET(x, i) get_value(x, x##_first + (i), x##_narrow)
#define SET(x, i, value) set_value(x, x##_first + (i), x##_narrow, value)

// elements(count): one work item per element.
#define ELEMENT(i, count)           \
  const long i = get_global_id(0);  \
  if (i >= (count)) return

// rows(count): one team of TEAM work items per row. FOR_TEAM visits the row's items that are this work item's.
#define TEAM_ROW (long)get_group_id(0)
#define TEAM_FIRST (get_local_id(0) == 0)
#define FOR_TEAM(i, count) for (long i = get_local_id(0); i < (count); i += TEAM)

// Sums over a team; all its work items get the result, and must take part. `shared` holds TEAM floats.
inline float team_sum(const float x, local float *shared) {
  const int i = get_local_id(0);
  barrier(CLK_LOCAL_MEM_FENCE);  // all have read the last result
  shared[i] = x;
  for (int distance = TEAM / 2; distance > 0; distance /= 2) {
    barrier(CLK_LOCAL_MEM_FENCE);
    if (i < distance) shared[i] += shared[i + distance];
  }
  barrier(CLK_LOCAL_MEM_FENCE);
  return shared[0];
}
inline float team_maximum(const float x, local float *shared) {
  const int i = get_local_id(0);
  barrier(CLK_LOCAL_MEM_FENCE);
  shared[i] = x;
  for (int distance = TEAM / 2; distance > 0; distance /= 2) {
    barrier(CLK_LOCAL_MEM_FENCE);
    if (i < distance) shared[i] = fmax(shared[i], shared[i + distance]);
  }
  barrier(CLK_LOCAL_MEM_FENCE);
  return shared[0];
}

// columns(rows, columns): one work item per column and slice of the rows, which leaves its sums in `partial`. Then
// column_ends(columns): one work item per column adds those of the slices, in a fixed order.
#define SLICES global float *partial, const int slices, const long rows, const long columns
#define FOR_SLICE(row) for (long row = get_global_id(1); row < rows; row += slices)
#define PARTIAL(slice, column, sum) partial[((sum) * (long)slices + (slice)) * columns + (column)]
#define SET_PARTIAL(column, sum, value) PARTIAL((long)get_global_id(1), column, sum) = (value)

inline float column_sum_of(global const float *partial, const int slices, const long columns, const long column,
                           const int sum) {
  float total = 0;
  for (int slice = 0; slice < slices; ++slice) total += PARTIAL(slice, column, sum);
  return total;
}

// total(count): TEAM teams, each of which leaves one sum in `partial`. Then total_end(): one team, of which each work
// item has one of them.
#define FOR_TOTAL(i, count) for (long i = get_global_id(0); i < (count); i += TEAM * TEAM)

#define RELU 1  // as in backends/layers/common.h
#define GELU 2
#define GELU_ROOT 0.7978845608f
#define GELU_CUBIC 0.044715f

inline float activate(const int activation, const float x) {
  if (activation == RELU) return x > 0 ? x : 0;
  if (activation == GELU) return x / (1 + exp(-2 * GELU_ROOT * (x + GELU_CUBIC * x * x * x)));
  return x;
}
inline float sigmoid(const float x) { return 1 / (1 + exp(-x)); }
