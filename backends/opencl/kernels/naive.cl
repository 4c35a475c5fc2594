// Rung 1, naive: one work item per element of C. Neighbours compute neighbouring columns, so that they read
// neighbouring elements of B, and the same one of A. Every element of A is read n times from global memory, every one
// of B m times.

kernel void gemm(GEMM_ARGUMENTS) {
  const int column = get_global_id(0), row = get_global_id(1);
  if (row >= m || column >= n) return;
  SELECT_BATCH(get_global_id(2));

  sum_t sum = 0;
  for (int p = 0; p < k; ++p) sum = MULTIPLY_ADD(LOAD(a, A_AT(row, p)), LOAD(b, B_AT(p, column)), sum);
  STORE(c, (ulong)row * n + column, sum);
}
