// Rung 2, tiled: a work group copies a square tile of A and of B to local memory, and each work item then reads them
// from there. An element is read from global memory once per group instead of once per work item: TILE_ROWS times less.

kernel __attribute__((reqd_work_group_size(TILE_COLUMNS, TILE_ROWS, 1))) void gemm(GEMM_ARGUMENTS) {
  local sum_t a_tile[TILE_ROWS][TILE_DEPTH + 1];  // one more, so that a column is spread over all banks
  local sum_t b_tile[TILE_DEPTH][TILE_COLUMNS + 1];

  const int x = get_local_id(0), y = get_local_id(1);
  const int first_row = get_group_id(1) * TILE_ROWS, first_column = get_group_id(0) * TILE_COLUMNS;
  SELECT_BATCH(get_group_id(2));

  sum_t sum = 0;
  for (int p = 0; p < k; p += TILE_DEPTH) {
    // Neighbours in x read neighbouring elements, whichever way the operand is stored.
#if TRANSPOSE_A
    a_tile[x][y] = A_OR_ZERO(first_row + x, p + y);
#else
    a_tile[y][x] = A_OR_ZERO(first_row + y, p + x);
#endif
#if TRANSPOSE_B
    b_tile[x][y] = B_OR_ZERO(p + x, first_column + y);
#else
    b_tile[y][x] = B_OR_ZERO(p + y, first_column + x);
#endif
    barrier(CLK_LOCAL_MEM_FENCE);  // the tiles are complete
    for (int d = 0; d < TILE_DEPTH; ++d) sum = MULTIPLY_ADD(a_tile[y][d], b_tile[d][x], sum);
    barrier(CLK_LOCAL_MEM_FENCE);  // the tiles are no longer needed
  }
  const int row = first_row + y, column = first_column + x;
  if (row < m && column < n) STORE(c, (ulong)row * n + column, sum);
}
