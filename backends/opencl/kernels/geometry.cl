// Shared by the convolution kernels. The host passes the problem as one struct of ints; p and q are the extents of y.
typedef struct {
  int n, c, h, w, k, r, s, p, q;
  int stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w, groups;
} convolution_t;

// `source` and `other` are the inputs in the order of the convolution's arguments x, w, y without the result.
#define CONVOLUTION_ARGUMENTS                                                                                        \
  global const input_t *first, const ulong first_start, global const input_t *second, const ulong second_start,      \
      global result_t *result, const ulong result_start, const convolution_t op

#define START_CONVOLUTION   \
  first += first_start;     \
  second += second_start;   \
  result += result_start
