kernel void causal_softmax(const long length, const float scale, FLOATS(x), VALUES(y)) {
  local float shared[TEAM];
  const long row = TEAM_ROW, first = row * length, seen = row % length + 1;
  START(x);
  float top = x[first], sum = 0;
  FOR_TEAM(i, seen) top = fmax(top, x[first + i]);
  top = team_maximum(top, shared);
  FOR_TEAM(i, seen) sum += exp(scale * (x[first + i] - top));
  sum = team_sum(sum, shared);
  FOR_TEAM(i, length) SET(y, first + i, i < seen ? exp(scale * (x[first + i] - top)) / sum : 0);
}

kernel void causal_softmax_gradient(const long length, const float scale, FLOATS(dy), VALUES(y), VALUES(dx)) {
  local float shared[TEAM];
  const long row = TEAM_ROW, first = row * length, seen = row % length + 1;
  START(dy);
  float sum = 0;
  FOR_TEAM(i, seen) sum += dy[first + i] * GET(y, first + i);
  sum = team_sum(sum, shared);
  FOR_TEAM(i, length) SET(dx, first + i, i < seen ? scale * GET(y, first + i) * (dy[first + i] - sum) : 0);
}
