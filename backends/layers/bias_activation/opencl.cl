inline float gelu_slope(const float x) {
  const float s = sigmoid(2 * GELU_ROOT * (x + GELU_CUBIC * x * x * x));
  return s + x * s * (1 - s) * 2 * GELU_ROOT * (1 + 3 * GELU_CUBIC * x * x);
}

kernel void bias_activation(const long count, const long columns, VALUES(x), FLOATS(bias), FLOATS(residual),
                            const int has_residual, VALUES(y), const int activation) {
  ELEMENT(i, count);
  START(bias);
  START(residual);
  float value = activate(activation, GET(x, i) + bias[i % columns]);
  if (has_residual) value += residual[i];
  SET(y, i, value);
}

// Writes dx, and sums it over the rows.
kernel void bias_gradient_sums(SLICES, VALUES(dy), VALUES(saved), FLOATS(bias), VALUES(dx), const int activation) {
  ELEMENT(column, columns);
  START(bias);
  float sum = 0;
  FOR_SLICE(row) {
    const long i = row * columns + column;
    float d = GET(dy, i);
    if (activation == RELU) d = GET(saved, i) > 0 ? d : 0;
    if (activation == GELU) d *= gelu_slope(GET(saved, i) + bias[column]);
    SET(dx, i, d);
    sum += d;
  }
  SET_PARTIAL(column, 0, sum);
}

kernel void column_sums(SLICES, VALUES(x)) {
  ELEMENT(column, columns);
  float sum = 0;
  FOR_SLICE(row) sum += GET(x, row * columns + column);
  SET_PARTIAL(column, 0, sum);
}

kernel void column_sum_ends(SLICES, FLOATS(sum)) {
  ELEMENT(column, columns);
  START(sum);
  sum[column] = column_sum_of(partial, slices, columns, column, 0);
}
