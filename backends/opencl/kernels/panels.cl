// Shared by `vectorised` and by convolution: panels of A and B in local memory, and their product in vectors of WIDTH
// columns. A work item computes PER_ROW neighbouring rows of PER_COLUMN / WIDTH vectors, which are ITEMS_X apart.
#define ITEMS_X (TILE_COLUMNS / PER_COLUMN)
#define ITEMS_Y (TILE_ROWS / PER_ROW)
#define ITEMS (ITEMS_X * ITEMS_Y)
#define VECTORS (PER_COLUMN / WIDTH)
typedef JOIN(SUM, WIDTH) vector_t;

// Element [d][line] of a panel. A row has one more element, or vector, so that a column is spread over several banks.
#define A_PITCH (TILE_ROWS + 1)
#define B_VECTORS (TILE_COLUMNS / WIDTH + 1)
#define B_PITCH (B_VECTORS * WIDTH)

// The work item's sums += A · B.
inline void multiply_panels(local const sum_t *a_panel, local const vector_t *b_panel, const int x, const int y,
                            vector_t sums[PER_ROW][VECTORS]) {
  for (int d = 0; d < TILE_DEPTH; ++d) {
    vector_t right[VECTORS];
    for (int j = 0; j < VECTORS; ++j) right[j] = b_panel[d * B_VECTORS + x + ITEMS_X * j];
    for (int i = 0; i < PER_ROW; ++i) {
      const vector_t left = a_panel[d * A_PITCH + y * PER_ROW + i];
      for (int j = 0; j < VECTORS; ++j) sums[i][j] = MULTIPLY_ADD(left, right[j], sums[i][j]);
    }
  }
}
