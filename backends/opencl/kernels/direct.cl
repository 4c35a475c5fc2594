// direct: one work item per element of the result, from the definition. Every value is read from global memory as often
// as it is used.

#if defined(PASS_FORWARD)
// x, w, y: y[n, p, q, k] = Σ over r, s, c of x[n, h, w, c] · w[k, r, s, c].
inline sum_t element(global const input_t *x, global const input_t *w, const convolution_t op, const ulong index) {
  const int channels = op.c / op.groups, k = index % op.k, q = index / op.k % op.q;
  const int p = index / op.k / op.q % op.p, n = index / op.k / op.q / op.p;
  const int group = k / (op.k / op.groups);
  sum_t sum = 0;
  for (int r = 0; r < op.r; ++r) {
    const int y_at = p * op.stride_h - op.pad_h + r * op.dilation_h;
    if (y_at < 0 || y_at >= op.h) continue;
    for (int s = 0; s < op.s; ++s) {
      const int x_at = q * op.stride_w - op.pad_w + s * op.dilation_w;
      if (x_at < 0 || x_at >= op.w) continue;
      global const input_t *pixel = x + (((ulong)n * op.h + y_at) * op.w + x_at) * op.c + group * channels;
      global const input_t *tap = w + (((ulong)k * op.r + r) * op.s + s) * channels;
      for (int c = 0; c < channels; ++c) sum = MULTIPLY_ADD(LOAD(pixel, c), LOAD(tap, c), sum);
    }
  }
  return sum;
}
#elif defined(PASS_BACKWARD_DATA)
// w, dy, dx: dx[n, h, w, c] = Σ over r, s, k of dy[n, p, q, k] · w[k, r, s, c].
inline sum_t element(global const input_t *w, global const input_t *dy, const convolution_t op, const ulong index) {
  const int channels = op.c / op.groups, filters = op.k / op.groups;
  const int c = index % op.c, x_at = index / op.c % op.w, y_at = index / op.c / op.w % op.h;
  const int n = index / op.c / op.w / op.h, group = c / channels;
  sum_t sum = 0;
  for (int r = 0; r < op.r; ++r) {
    const int down = y_at + op.pad_h - r * op.dilation_h;
    if (down < 0 || down % op.stride_h != 0 || down / op.stride_h >= op.p) continue;
    for (int s = 0; s < op.s; ++s) {
      const int across = x_at + op.pad_w - s * op.dilation_w;
      if (across < 0 || across % op.stride_w != 0 || across / op.stride_w >= op.q) continue;
      global const input_t *pixel =
          dy + (((ulong)n * op.p + down / op.stride_h) * op.q + across / op.stride_w) * op.k + group * filters;
      for (int k = 0; k < filters; ++k) {
        const ulong filter = ((ulong)(group * filters + k) * op.r + r) * op.s + s;
        sum = MULTIPLY_ADD(LOAD(pixel, k), LOAD(w, filter * channels + c % channels), sum);
      }
    }
  }
  return sum;
}
#else
// x, dy, dw: dw[k, r, s, c] = Σ over n, p, q of dy[n, p, q, k] · x[n, h, w, c].
inline sum_t element(global const input_t *x, global const input_t *dy, const convolution_t op, const ulong index) {
  const int channels = op.c / op.groups, c = index % channels, s = index / channels % op.s;
  const int r = index / channels / op.s % op.r, k = index / channels / op.s / op.r;
  const int channel = k / (op.k / op.groups) * channels + c;
  sum_t sum = 0;
  for (int n = 0; n < op.n; ++n) {
    for (int p = 0; p < op.p; ++p) {
      const int y_at = p * op.stride_h - op.pad_h + r * op.dilation_h;
      if (y_at < 0 || y_at >= op.h) continue;
      for (int q = 0; q < op.q; ++q) {
        const int x_at = q * op.stride_w - op.pad_w + s * op.dilation_w;
        if (x_at < 0 || x_at >= op.w) continue;
        sum = MULTIPLY_ADD(LOAD(dy, (((ulong)n * op.p + p) * op.q + q) * op.k + k),
                           LOAD(x, (((ulong)n * op.h + y_at) * op.w + x_at) * op.c + channel), sum);
      }
    }
  }
  return sum;
}
#endif

kernel void convolution(CONVOLUTION_ARGUMENTS, const ulong results) {
  START_CONVOLUTION;
  const ulong index = get_global_id(0);
  if (index < results) STORE(result, index, element(first, second, op, index));
}
