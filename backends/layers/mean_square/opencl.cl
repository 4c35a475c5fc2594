kernel void mean_square_total(global float *partial, const long count, VALUES(x), FLOATS(target)) {
  local float shared[TEAM];
  START(target);
  float sum = 0;
  FOR_TOTAL(i, count) {
    const float d = GET(x, i) - target[i];
    sum += d * d;
  }
  sum = team_sum(sum, shared);
  if (TEAM_FIRST) partial[get_group_id(0)] = sum;
}

kernel void mean_square_end(global float *partial, const long count, FLOATS(loss)) {
  local float shared[TEAM];
  START(loss);
  const float sum = team_sum(partial[get_local_id(0)], shared);
  if (TEAM_FIRST) loss[0] = sum / count;
}

kernel void mean_square_gradient(const long count, VALUES(x), FLOATS(target), VALUES(dx), const float scale) {
  ELEMENT(i, count);
  START(target);
  SET(dx, i, (GET(x, i) - target[i]) * scale);
}
