// Shared by the GEMM kernels: C = op(A) · op(B) of one batch entry per layer of work groups, all row-major. `first` is
// where the values of a buffer start.
#define GEMM_ARGUMENTS                                                                                    \
  global const input_t *a, const ulong a_first, global const input_t *b, const ulong b_first, global result_t *c, \
      const ulong c_first, const int m, const int n, const int k

// Moves a, b and c to their values in `batch`.
#define SELECT_BATCH(batch)           \
  a += a_first + (ulong)(batch) * m * k; \
  b += b_first + (ulong)(batch) * k * n; \
  c += c_first + (ulong)(batch) * m * n

// Where op(A)[row, p] and op(B)[p, column] are.
#if TRANSPOSE_A
#define A_AT(row, p) ((ulong)(p) * m + (row))
#else
#define A_AT(row, p) ((ulong)(row) * k + (p))
#endif
#if TRANSPOSE_B
#define B_AT(p, column) ((ulong)(column) * k + (p))
#else
#define B_AT(p, column) ((ulong)(p) * n + (column))
#endif

// The same, and zero outside of the matrix.
#define A_OR_ZERO(row, p) ((row) < m && (p) < k ? LOAD(a, A_AT(row, p)) : 0)
#define B_OR_ZERO(p, column) ((p) < k && (column) < n ? LOAD(b, B_AT(p, column)) : 0)
