// Rung 3, register_tiled: now local memory is the bottleneck, with two reads for every multiplication. Each work item
// computes PER_ROW x PER_COLUMN results in registers, so that it reads PER_ROW + PER_COLUMN elements for PER_ROW ·
// PER_COLUMN multiplications. Its columns are ITEMS_X apart: neighbours read neighbouring elements.
#define ITEMS_X (TILE_COLUMNS / PER_COLUMN)
#define ITEMS_Y (TILE_ROWS / PER_ROW)
#define ITEMS (ITEMS_X * ITEMS_Y)

kernel __attribute__((reqd_work_group_size(ITEMS_X, ITEMS_Y, 1))) void gemm(GEMM_ARGUMENTS) {
  local sum_t a_tile[TILE_DEPTH][TILE_ROWS + 1];
  local sum_t b_tile[TILE_DEPTH][TILE_COLUMNS + 1];

  const int x = get_local_id(0), y = get_local_id(1), item = y * ITEMS_X + x;
  const int first_row = get_group_id(1) * TILE_ROWS, first_column = get_group_id(0) * TILE_COLUMNS;
  SELECT_BATCH(get_group_id(2));

  sum_t sums[PER_ROW][PER_COLUMN];
  for (int i = 0; i < PER_ROW; ++i) {
    for (int j = 0; j < PER_COLUMN; ++j) sums[i][j] = 0;
  }
  for (int p = 0; p < k; p += TILE_DEPTH) {
    for (int e = item; e < TILE_ROWS * TILE_DEPTH; e += ITEMS) {
#if TRANSPOSE_A
      const int row = e % TILE_ROWS, d = e / TILE_ROWS;
#else
      const int row = e / TILE_DEPTH, d = e % TILE_DEPTH;
#endif
      a_tile[d][row] = A_OR_ZERO(first_row + row, p + d);
    }
    for (int e = item; e < TILE_COLUMNS * TILE_DEPTH; e += ITEMS) {
#if TRANSPOSE_B
      const int column = e / TILE_DEPTH, d = e % TILE_DEPTH;
#else
      const int column = e % TILE_COLUMNS, d = e / TILE_COLUMNS;
#endif
      b_tile[d][column] = B_OR_ZERO(p + d, first_column + column);
    }
    barrier(CLK_LOCAL_MEM_FENCE);  // the tiles are complete
    for (int d = 0; d < TILE_DEPTH; ++d) {
      sum_t left[PER_ROW], right[PER_COLUMN];
      for (int i = 0; i < PER_ROW; ++i) left[i] = a_tile[d][y + ITEMS_Y * i];
      for (int j = 0; j < PER_COLUMN; ++j) right[j] = b_tile[d][x + ITEMS_X * j];
      for (int i = 0; i < PER_ROW; ++i) {
        for (int j = 0; j < PER_COLUMN; ++j) sums[i][j] = MULTIPLY_ADD(left[i], right[j], sums[i][j]);
      }
    }
    barrier(CLK_LOCAL_MEM_FENCE);  // the tiles are no longer needed
  }
  for (int i = 0; i < PER_ROW; ++i) {
    for (int j = 0; j < PER_COLUMN; ++j) {
      const int row = first_row + y + ITEMS_Y * i, column = first_column + x + ITEMS_X * j;
      if (row < m && column < n) STORE(c, (ulong)row * n + column, sums[i][j]);
    }
  }
}
