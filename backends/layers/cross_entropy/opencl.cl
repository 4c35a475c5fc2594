kernel void log_sum_exp(const long columns, FLOATS(x), FLOATS(logsumexp)) {
  local float shared[TEAM];
  const long row = TEAM_ROW, first = row * columns;
  START(x);
  START(logsumexp);
  float top = x[first], sum = 0;
  FOR_TEAM(i, columns) top = fmax(top, x[first + i]);
  top = team_maximum(top, shared);
  FOR_TEAM(i, columns) sum += exp(x[first + i] - top);
  sum = team_sum(sum, shared);
  if (TEAM_FIRST) logsumexp[row] = top + log(sum);
}

kernel void cross_entropy_total(global float *partial, const long rows, const long columns, FLOATS(logits),
                                INTEGERS(labels), FLOATS(logsumexp)) {
  local float shared[TEAM];
  START(logits);
  START(labels);
  START(logsumexp);
  float sum = 0;
  FOR_TOTAL(row, rows) sum += logsumexp[row] - logits[row * columns + labels[row]];
  sum = team_sum(sum, shared);
  if (TEAM_FIRST) partial[get_group_id(0)] = sum;
}

kernel void cross_entropy_end(global float *partial, const long rows, FLOATS(loss)) {
  local float shared[TEAM];
  START(loss);
  const float sum = team_sum(partial[get_local_id(0)], shared);
  if (TEAM_FIRST) loss[0] = sum / rows;
}

kernel void cross_entropy_gradient(const long count, const long rows, const long columns, FLOATS(logits),
                                   INTEGERS(labels), FLOATS(logsumexp), VALUES(dx)) {
  ELEMENT(i, count);
  START(logits);
  START(labels);
  START(logsumexp);
  const long row = i / columns;
  const float label = i % columns == labels[row] ? 1 : 0;
  SET(dx, i, (exp(logits[i] - logsumexp[row]) - label) / rows);
}
