kernel void count_step(const long count, INTEGERS(steps)) {
  ELEMENT(i, count);
  START(steps);
  ++steps[i];
}

kernel void adamw(const long count, FLOATS(dw), FLOATS(w), FLOATS(m), FLOATS(v), INTEGERS(steps), VALUES(copy),
                  const int has_copy, const float rate, const float kept, const float beta1, const float beta2,
                  const float log_beta1, const float log_beta2, const float epsilon) {
  ELEMENT(i, count);
  START(dw);
  START(w);
  START(m);
  START(v);
  START(steps);
  const float t = steps[0];
  m[i] = beta1 * m[i] + (1 - beta1) * dw[i];
  v[i] = beta2 * v[i] + (1 - beta2) * dw[i] * dw[i];
  // 1 - β^t without cancellation.
  const float first = m[i] / -expm1(t * log_beta1), second = v[i] / -expm1(t * log_beta2);
  w[i] = kept * w[i] - rate * first / (sqrt(second) + epsilon);
  if (has_copy) SET(copy, i, w[i]);
}
