kernel void sgd_momentum(const long count, FLOATS(dw), FLOATS(w), FLOATS(v), VALUES(copy), const int has_copy,
                         const float rate, const float momentum) {
  ELEMENT(i, count);
  START(dw);
  START(w);
  START(v);
  v[i] = momentum * v[i] + dw[i];
  w[i] -= rate * v[i];
  if (has_copy) SET(copy, i, w[i]);
}
