// implicit_gemm: a convolution is a product of which one operand is never written to memory. One of its two operands is
// gathered from an image, the other is plain:
//
//   pass               rows of C   columns of C   summed over, d    gathered   plain
//   forward            n, p, q     k              r, s, c           A from x   B = w
//   backward data      n, h, w     c              r, s, k           A from dy  B = w
//   backward weights   k           r, s, c        n, p, q           B from x   A = dy
//
// A gathered element lies at the sum of two positions, that of its line (row or column) and that of d. A work group
// computes those of its lines once, and those of d for TILE_DEPTH values at a time.
// Backward data with a stride also multiplies the zeros between the strided pixels. Groups are separate products. The
// long sum of backward weights is split into `parts`, each with results of its own, which add_parts() adds in order.

#define OUTSIDE (-(1 << 30))  // in a position: no such line or d. The sum of two does not overflow.

typedef struct {
  long base;
  int y, x;
} position_t;

#if defined(PASS_BACKWARD_WEIGHTS)
#define GATHERED_LINES TILE_COLUMNS
#define PLAIN_LINES TILE_ROWS
#else
#define GATHERED_LINES TILE_ROWS
#define PLAIN_LINES TILE_COLUMNS
#endif

// The image that is gathered from: its extents, and a pixel's channels of all groups.
#if defined(PASS_BACKWARD_DATA)
#define IMAGE_H op.p
#define IMAGE_W op.q
#define IMAGE_C op.k
#else
#define IMAGE_H op.h
#define IMAGE_W op.w
#define IMAGE_C op.c
#endif

inline int rows_of(const convolution_t op) {
#if defined(PASS_FORWARD)
  return op.n * op.p * op.q;
#elif defined(PASS_BACKWARD_DATA)
  return op.n * op.h * op.w;
#else
  return op.k / op.groups;
#endif
}

inline int columns_of(const convolution_t op) {
#if defined(PASS_FORWARD)
  return op.k / op.groups;
#elif defined(PASS_BACKWARD_DATA)
  return op.c / op.groups;
#else
  return op.r * op.s * (op.c / op.groups);
#endif
}

inline int depth_of(const convolution_t op) {
#if defined(PASS_FORWARD)
  return op.r * op.s * (op.c / op.groups);
#elif defined(PASS_BACKWARD_DATA)
  return op.r * op.s * (op.k / op.groups);
#else
  return op.n * op.p * op.q;
#endif
}

// The pixel of the image where the filter window of output pixel `index` starts.
inline position_t window_at(const int index, const convolution_t op) {
  const int line = index / op.q, n = line / op.p;
  const position_t at = {(long)n * op.h * op.w * op.c, line % op.p * op.stride_h - op.pad_h,
                         index % op.q * op.stride_w - op.pad_w};
  return at;
}

// A filter tap and channel, of which there are `channels` per tap.
inline position_t tap_at(const int index, const int channels, const int group, const convolution_t op) {
  const int tap = index / channels;
  const position_t at = {group * channels + index % channels, tap / op.s * op.dilation_h, tap % op.s * op.dilation_w};
  return at;
}

inline position_t gathered_line(const int line, const int group, const convolution_t op) {
  position_t at = {0, OUTSIDE, OUTSIDE};
#if defined(PASS_FORWARD)
  if (line < rows_of(op)) at = window_at(line, op);
#elif defined(PASS_BACKWARD_DATA)
  if (line < rows_of(op)) {
    at.base = (long)(line / op.w / op.h) * op.p * op.q * op.k;
    at.y = line / op.w % op.h + op.pad_h;
    at.x = line % op.w + op.pad_w;
  }
#else
  if (line < columns_of(op)) at = tap_at(line, op.c / op.groups, group, op);
#endif
  return at;
}

inline position_t gathered_depth(const int d, const int group, const convolution_t op) {
  position_t at = {0, OUTSIDE, OUTSIDE};
  if (d >= depth_of(op)) return at;
#if defined(PASS_FORWARD)
  at = tap_at(d, op.c / op.groups, group, op);
#elif defined(PASS_BACKWARD_DATA)
  at = tap_at(d, op.k / op.groups, group, op);
  at.y = -at.y;
  at.x = -at.x;
#else
  at = window_at(d, op);
#endif
  return at;
}

inline sum_t gather(global const input_t *image, const position_t line, const position_t depth,
                    const convolution_t op) {
  int y = line.y + depth.y, x = line.x + depth.x;
#if defined(PASS_BACKWARD_DATA)
  if (y < 0 || x < 0 || y % STRIDE_H != 0 || x % STRIDE_W != 0) return 0;
  y /= STRIDE_H;
  x /= STRIDE_W;
#endif
  if (y < 0 || y >= IMAGE_H || x < 0 || x >= IMAGE_W) return 0;
  return LOAD(image, line.base + depth.base + ((long)y * IMAGE_W + x) * IMAGE_C);
}

// The plain operand's element is at the sum of these two; -1: no such line or d.
inline long plain_line(const int line, const int group, const convolution_t op) {
#if defined(PASS_FORWARD)
  return line < columns_of(op) ? (long)(group * (op.k / op.groups) + line) * depth_of(op) : -1;
#elif defined(PASS_BACKWARD_DATA)
  return line < columns_of(op) ? line : -1;
#else
  return line < rows_of(op) ? group * (op.k / op.groups) + line : -1;
#endif
}

inline long plain_depth(const int d, const int group, const convolution_t op) {
  if (d >= depth_of(op)) return -1;
#if defined(PASS_FORWARD)
  return d;
#elif defined(PASS_BACKWARD_DATA)
  const int filters = op.k / op.groups;
  return ((long)(group * filters + d % filters) * op.r * op.s + d / filters) * (op.c / op.groups);
#else
  return (long)d * op.k;
#endif
}

inline ulong result_at(const int row, const int column, const int group, const convolution_t op) {
#if defined(PASS_FORWARD)
  return (ulong)row * op.k + group * (op.k / op.groups) + column;
#elif defined(PASS_BACKWARD_DATA)
  return (ulong)row * op.c + group * (op.c / op.groups) + column;
#else
  return (ulong)(group * (op.k / op.groups) + row) * columns_of(op) + column;
#endif
}

kernel __attribute__((reqd_work_group_size(ITEMS_X, ITEMS_Y, 1))) void convolution(CONVOLUTION_ARGUMENTS,
                                                                                        const ulong results,
                                                                                        const int parts) {
  local sum_t a_panel[TILE_DEPTH * A_PITCH];
  local vector_t b_panel[TILE_DEPTH * B_VECTORS];
  local position_t lines[GATHERED_LINES], depths[TILE_DEPTH];
  local long plain_lines[PLAIN_LINES], plain_depths[TILE_DEPTH];

  START_CONVOLUTION;
#if defined(PASS_FORWARD)
  global const input_t *image = first, *plain = second;
#elif defined(PASS_BACKWARD_DATA)
  global const input_t *image = second, *plain = first;
#else
  global const input_t *image = first, *plain = second;
#endif
#if defined(PASS_BACKWARD_WEIGHTS)
  local sum_t *const gathered_panel = (local sum_t *)b_panel, *const plain_panel = a_panel;
  const int gathered_pitch = B_PITCH, plain_pitch = A_PITCH;
#else
  local sum_t *const gathered_panel = a_panel, *const plain_panel = (local sum_t *)b_panel;
  const int gathered_pitch = A_PITCH, plain_pitch = B_PITCH;
#endif

  const int x = get_local_id(0), y = get_local_id(1), item = y * ITEMS_X + x;
  const int group = get_group_id(2) % op.groups, part = get_group_id(2) / op.groups;
  const int first_row = get_group_id(1) * TILE_ROWS, first_column = get_group_id(0) * TILE_COLUMNS;
  const int rows = rows_of(op), columns = columns_of(op), slices = (depth_of(op) + TILE_DEPTH - 1) / TILE_DEPTH;
  const int begin = (long)slices * part / parts * TILE_DEPTH, end = (long)slices * (part + 1) / parts * TILE_DEPTH;
  result += part * results;
#if defined(PASS_BACKWARD_WEIGHTS)
  const int first_gathered = first_column, first_plain = first_row;
#else
  const int first_gathered = first_row, first_plain = first_column;
#endif

  for (int i = item; i < GATHERED_LINES; i += ITEMS) lines[i] = gathered_line(first_gathered + i, group, op);
  for (int i = item; i < PLAIN_LINES; i += ITEMS) plain_lines[i] = plain_line(first_plain + i, group, op);
  vector_t sums[PER_ROW][VECTORS];
  for (int i = 0; i < PER_ROW; ++i) {
    for (int j = 0; j < VECTORS; ++j) sums[i][j] = 0;
  }

  for (int p = begin; p < end; p += TILE_DEPTH) {
    for (int i = item; i < TILE_DEPTH; i += ITEMS) {
      depths[i] = gathered_depth(p + i, group, op);
      plain_depths[i] = plain_depth(p + i, group, op);
    }
    barrier(CLK_LOCAL_MEM_FENCE);  // the positions are complete
    // Neighbouring work items read neighbouring channels: of an image along d, or along the lines for backward weights.
    for (int e = item; e < GATHERED_LINES * TILE_DEPTH; e += ITEMS) {
#if defined(PASS_BACKWARD_WEIGHTS)
      const int line = e % GATHERED_LINES, d = e / GATHERED_LINES;
#else
      const int line = e / TILE_DEPTH, d = e % TILE_DEPTH;
#endif
      gathered_panel[d * gathered_pitch + line] = gather(image, lines[line], depths[d], op);
    }
    for (int e = item; e < PLAIN_LINES * TILE_DEPTH; e += ITEMS) {
#if defined(PASS_FORWARD)
      const int line = e / TILE_DEPTH, d = e % TILE_DEPTH;
#else
      const int line = e % PLAIN_LINES, d = e / PLAIN_LINES;
#endif
      const bool inside = plain_lines[line] >= 0 && plain_depths[d] >= 0;
      plain_panel[d * plain_pitch + line] = inside ? LOAD(plain, plain_lines[line] + plain_depths[d]) : 0;
    }
    barrier(CLK_LOCAL_MEM_FENCE);  // the panels are complete
    multiply_panels(a_panel, b_panel, x, y, sums);
    barrier(CLK_LOCAL_MEM_FENCE);  // the panels are no longer needed
  }

  for (int i = 0; i < PER_ROW; ++i) {
    const int row = first_row + y * PER_ROW + i;
    if (row >= rows) break;
    for (int j = 0; j < VECTORS; ++j) {
      const int column = first_column + (x + ITEMS_X * j) * WIDTH;
      sum_t parts[WIDTH];
      JOIN(vstore, WIDTH)(sums[i][j], 0, parts);
      for (int e = 0; e < WIDTH && column + e < columns; ++e) {
        STORE(result, result_at(row, column + e, group, op), parts[e]);
      }
    }
  }
}

#if defined(PASS_BACKWARD_WEIGHTS)
kernel void add_parts(global const result_t *parts, global result_t *result, const ulong result_start,
                      const ulong results, const int count) {
  const ulong i = get_global_id(0);
  if (i >= results) return;
  result_t sum = 0;
  for (int part = 0; part < count; ++part) sum += parts[part * results + i];
  result[result_start + i] = sum;
}
#endif
