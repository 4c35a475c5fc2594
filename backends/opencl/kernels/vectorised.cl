// Rung 4, vectorised: the tiles of register_tiled with vectors everywhere. Operands are loaded and results stored WIDTH
// elements at a time where as many are left, and the inner loop multiplies an element of A by a vector of B.

// The WIDTH elements from `from` on, of which `count` are inside of the matrix; the others are zero.
inline vector_t load_some(global const input_t *from, const int count) {
  if (count >= WIDTH) return LOAD_VECTOR(from);
  sum_t parts[WIDTH];
  for (int i = 0; i < WIDTH; ++i) parts[i] = i < count ? LOAD(from, i) : 0;
  return JOIN(vload, WIDTH)(0, parts);
}

// Fills a panel of TILE_DEPTH x `tile` elements from lines first_line… of `lines` in all, of which each is a row of k
// elements in memory: vectors run along k, and are transposed on their way.
inline void load_along(local sum_t *panel, const int pitch, const int tile, global const input_t *from,
                       const int first_line, const int lines, const int p, const int k, const int item) {
  const int chunks = TILE_DEPTH / WIDTH;
  for (int e = item; e < tile * chunks; e += ITEMS) {
    const int line = first_line + e / chunks, d = e % chunks * WIDTH;
    sum_t parts[WIDTH];
    const vector_t loaded = load_some(from + (ulong)line * k + p + d, line < lines ? k - p - d : 0);
    JOIN(vstore, WIDTH)(loaded, 0, parts);
    for (int i = 0; i < WIDTH; ++i) panel[(d + i) * pitch + e / chunks] = parts[i];
  }
}

// The same where each of k rows in memory has `lines` elements: vectors run across the lines.
inline void load_across(local sum_t *panel, const int pitch, const int tile, global const input_t *from,
                        const int first_line, const int lines, const int p, const int k, const int item) {
  const int chunks = tile / WIDTH;
  for (int e = item; e < TILE_DEPTH * chunks; e += ITEMS) {
    const int d = e / chunks, line = e % chunks * WIDTH;
    const vector_t loaded = load_some(from + (ulong)(p + d) * lines + first_line + line,
                                      p + d < k ? lines - first_line - line : 0);
    JOIN(vstore, WIDTH)(loaded, 0, panel + d * pitch + line);
  }
}

#if TRANSPOSE_A
#define LOAD_A load_across
#else
#define LOAD_A load_along
#endif
#if TRANSPOSE_B
#define LOAD_B load_along
#else
#define LOAD_B load_across
#endif

kernel __attribute__((reqd_work_group_size(ITEMS_X, ITEMS_Y, 1))) void gemm(GEMM_ARGUMENTS) {
  local sum_t a_panel[TILE_DEPTH * A_PITCH];
  local vector_t b_panel[TILE_DEPTH * B_VECTORS];

  const int x = get_local_id(0), y = get_local_id(1), item = y * ITEMS_X + x;
  const int first_row = get_group_id(1) * TILE_ROWS, first_column = get_group_id(0) * TILE_COLUMNS;
  SELECT_BATCH(get_group_id(2));

  vector_t sums[PER_ROW][VECTORS];
  for (int i = 0; i < PER_ROW; ++i) {
    for (int j = 0; j < VECTORS; ++j) sums[i][j] = 0;
  }
  for (int p = 0; p < k; p += TILE_DEPTH) {
    LOAD_A(a_panel, A_PITCH, TILE_ROWS, a, first_row, m, p, k, item);
    LOAD_B((local sum_t *)b_panel, B_PITCH, TILE_COLUMNS, b, first_column, n, p, k, item);
    barrier(CLK_LOCAL_MEM_FENCE);  // the panels are complete
    multiply_panels(a_panel, b_panel, x, y, sums);
    barrier(CLK_LOCAL_MEM_FENCE);  // the panels are no longer needed
  }
  for (int i = 0; i < PER_ROW; ++i) {
    const int row = first_row + y * PER_ROW + i;
    if (row >= m) break;
    for (int j = 0; j < VECTORS; ++j) {
      const int column = first_column + (x + ITEMS_X * j) * WIDTH;
      global result_t *to = c + (ulong)row * n + column;
      if (column + WIDTH <= n) {
        JOIN(vstore, WIDTH)(sums[i][j], 0, to);
      } else {
        sum_t parts[WIDTH];
        JOIN(vstore, WIDTH)(sums[i][j], 0, parts);
        for (int e = 0; e < WIDTH && column + e < n; ++e) STORE(to, e, parts[e]);
      }
    }
  }
}
