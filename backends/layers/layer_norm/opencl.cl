kernel void layer_norm(const long columns, const float epsilon, VALUES(x), FLOATS(gamma), FLOATS(beta), VALUES(y),
                       FLOATS(mean), FLOATS(rstd)) {
  local float shared[TEAM];
  const long row = TEAM_ROW, first = row * columns;
  START(gamma);
  START(beta);
  START(mean);
  START(rstd);
  float sum = 0, squares = 0;
  FOR_TEAM(i, columns) sum += GET(x, first + i);
  const float center = team_sum(sum, shared) / columns;
  FOR_TEAM(i, columns) {
    const float d = GET(x, first + i) - center;
    squares += d * d;
  }
  const float scale = 1 / sqrt(team_sum(squares, shared) / columns + epsilon);
  FOR_TEAM(i, columns) SET(y, first + i, (GET(x, first + i) - center) * scale * gamma[i] + beta[i]);
  if (TEAM_FIRST) {
    mean[row] = center;
    rstd[row] = scale;
  }
}

kernel void layer_norm_gradient(const long columns, FLOATS(dy), VALUES(x), FLOATS(gamma), FLOATS(mean), FLOATS(rstd),
                                FLOATS(addend), const int has_addend, FLOATS(dx)) {
  local float shared[TEAM];
  const long row = TEAM_ROW, first = row * columns;
  START(dy);
  START(gamma);
  START(mean);
  START(rstd);
  START(addend);
  START(dx);
  float sum = 0, sum_scaled = 0;
  FOR_TEAM(i, columns) {
    const float d = dy[first + i] * gamma[i];
    sum += d;
    sum_scaled += d * (GET(x, first + i) - mean[row]) * rstd[row];
  }
  const float mean_d = team_sum(sum, shared) / columns, mean_scaled = team_sum(sum_scaled, shared) / columns;
  FOR_TEAM(i, columns) {
    const float scaled = (GET(x, first + i) - mean[row]) * rstd[row];
    float d = rstd[row] * (dy[first + i] * gamma[i] - mean_d - scaled * mean_scaled);
    if (has_addend) d += addend[first + i];
    dx[first + i] = d;
  }
}

kernel void layer_norm_gradient_sums(SLICES, FLOATS(dy), VALUES(x), FLOATS(mean), FLOATS(rstd)) {
  ELEMENT(column, columns);
  START(dy);
  START(mean);
  START(rstd);
  float dgamma = 0, dbeta = 0;
  FOR_SLICE(row) {
    const long i = row * columns + column;
    dgamma += dy[i] * (GET(x, i) - mean[row]) * rstd[row];
    dbeta += dy[i];
  }
  SET_PARTIAL(column, 0, dgamma);
  SET_PARTIAL(column, 1, dbeta);
}

kernel void layer_norm_gradient_ends(SLICES, FLOATS(dgamma), FLOATS(dbeta)) {
  ELEMENT(column, columns);
  START(dgamma);
  START(dbeta);
  dgamma[column] = column_sum_of(partial, slices, columns, column, 0);
  dbeta[column] = column_sum_of(partial, slices, columns, column, 1);
}
