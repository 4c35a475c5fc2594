// Sums are of differences from the first row, so that a large mean does not cancel the variance.
kernel void batch_norm_sums(SLICES, VALUES(x)) {
  ELEMENT(column, columns);
  float sum = 0, squares = 0;
  FOR_SLICE(row) {
    const float d = GET(x, row * columns + column) - GET(x, column);
    sum += d;
    squares += d * d;
  }
  SET_PARTIAL(column, 0, sum);
  SET_PARTIAL(column, 1, squares);
}

kernel void batch_norm_statistics(SLICES, VALUES(x), FLOATS(mean), FLOATS(rstd), const float epsilon) {
  ELEMENT(column, columns);
  START(mean);
  START(rstd);
  const float shift = column_sum_of(partial, slices, columns, column, 0) / rows;
  const float variance = column_sum_of(partial, slices, columns, column, 1) / rows - shift * shift;
  mean[column] = GET(x, column) + shift;
  rstd[column] = 1 / sqrt(fmax(variance, 0.0f) + epsilon);
}

kernel void batch_norm(const long count, const long columns, VALUES(x), FLOATS(gamma), FLOATS(beta), VALUES(residual),
                       const int has_residual, VALUES(y), FLOATS(mean), FLOATS(rstd), const int activation) {
  ELEMENT(i, count);
  START(gamma);
  START(beta);
  START(mean);
  START(rstd);
  const long c = i % columns;
  float normal = (GET(x, i) - mean[c]) * rstd[c] * gamma[c] + beta[c];
  if (has_residual) normal += GET(residual, i);
  SET(y, i, activate(activation, normal));
}

kernel void batch_norm_gradient_sums(SLICES, VALUES(dy), VALUES(x), VALUES(y), const int has_y, FLOATS(mean),
                                     FLOATS(rstd)) {
  ELEMENT(column, columns);
  START(mean);
  START(rstd);
  float dgamma = 0, dbeta = 0;
  FOR_SLICE(row) {
    const long i = row * columns + column;
    const float d = !has_y || GET(y, i) > 0 ? GET(dy, i) : 0;
    dgamma += d * (GET(x, i) - mean[column]) * rstd[column];
    dbeta += d;
  }
  SET_PARTIAL(column, 0, dgamma);
  SET_PARTIAL(column, 1, dbeta);
}

kernel void batch_norm_gradient_ends(SLICES, FLOATS(dgamma), FLOATS(dbeta)) {
  ELEMENT(column, columns);
  START(dgamma);
  START(dbeta);
  dgamma[column] = column_sum_of(partial, slices, columns, column, 0);
  dbeta[column] = column_sum_of(partial, slices, columns, column, 1);
}

kernel void batch_norm_gradient(const long count, const long rows, const long columns, VALUES(dy), VALUES(x), VALUES(y),
                                const int has_y, FLOATS(gamma), FLOATS(mean), FLOATS(rstd), VALUES(dx), FLOATS(dgamma),
                                FLOATS(dbeta), VALUES(dresidual), const int has_residual) {
  ELEMENT(i, count);
  START(gamma);
  START(mean);
  START(rstd);
  START(dgamma);
  START(dbeta);
  const long c = i % columns;
  const float d = !has_y || GET(y, i) > 0 ? GET(dy, i) : 0, share = 1.0f / rows;
  const float scaled = (GET(x, i) - mean[c]) * rstd[c];
  if (has_residual) SET(dresidual, i, d);
  SET(dx, i, gamma[c] * rstd[c] * (d - dbeta[c] * share - scaled * dgamma[c] * share));
}
