// The types of a problem, as the host's -DINPUT_… and -DRESULT_… say: input_t and result_t in global memory, sum_t in
// local memory and registers. 16-bit values are stored only: no device needs to compute with them.
#define JOIN_TEXT(a, b) a##b
#define JOIN(a, b) JOIN_TEXT(a, b)

#if defined(INPUT_F64)
#pragma OPENCL EXTENSION cl_khr_fp64 : enable
#define SUM double
#elif defined(INPUT_S8)
#define SUM int
#else
#define SUM float
#endif
typedef SUM sum_t;

// LOAD(p, i): element i of a global array. LOAD_VECTOR(p): the WIDTH elements from p on.
#if defined(INPUT_F16)
typedef half input_t;
#define LOAD(p, i) vload_half(i, p)
#define LOAD_VECTOR(p) JOIN(vload_half, WIDTH)(0, p)
#elif defined(INPUT_BF16)
typedef ushort input_t;
#define LOAD(p, i) as_float((uint)(p)[i] << 16)
#define LOAD_VECTOR(p) JOIN(as_float, WIDTH)(JOIN(convert_uint, WIDTH)(JOIN(vload, WIDTH)(0, p)) << 16)
#elif defined(INPUT_S8)
typedef char input_t;
#define LOAD(p, i) ((int)(p)[i])
#define LOAD_VECTOR(p) JOIN(convert_int, WIDTH)(JOIN(vload, WIDTH)(0, p))
#else
typedef sum_t input_t;
#define LOAD(p, i) ((p)[i])
#define LOAD_VECTOR(p) JOIN(vload, WIDTH)(0, p)
#endif

// STORE(p, i, value) rounds to nearest even.
#if defined(RESULT_F16)
typedef half result_t;
#define STORE(p, i, value) vstore_half_rte(value, i, p)
#elif defined(RESULT_BF16)
typedef ushort result_t;
inline ushort rounded_to_bf16(const float value) {
  const uint word = as_uint(value);
  return isnan(value) ? 0x7fc0 : (word + 0x7fff + ((word >> 16) & 1)) >> 16;
}
#define STORE(p, i, value) ((p)[i] = rounded_to_bf16(value))
#else
typedef sum_t result_t;
#define STORE(p, i, value) ((p)[i] = (value))
#endif

#if defined(INPUT_S8)
#define MULTIPLY_ADD(a, b, sum) ((a) * (b) + (sum))
#else
#define MULTIPLY_ADD(a, b, sum) mad(a, b, sum)
#endif
