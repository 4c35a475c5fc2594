kernel void pooling(const long count, const long h, const long w, const long c, const long window, const int maximum,
                    VALUES(x), VALUES(y)) {
  ELEMENT(i, count);
  const long channel = i % c, q = i / c % (w / window), p = i / c / (w / window) % (h / window);
  const long n = i / c / (w / window) / (h / window);
  float value = 0;
  for (long r = 0; r < window; ++r) {
    for (long s = 0; s < window; ++s) {
      const float candidate = GET(x, ((n * h + p * window + r) * w + q * window + s) * c + channel);
      if (!maximum) value += candidate / (window * window);
      if (maximum && ((r == 0 && s == 0) || candidate > value)) value = candidate;
    }
  }
  SET(y, i, value);
}

// One work item per pixel of dx, which checks whether it is the first maximum of its window.
kernel void pooling_gradient(const long count, const long h, const long w, const long c, const long window,
                             const int maximum, VALUES(dy), VALUES(x), VALUES(dx)) {
  ELEMENT(i, count);
  const long channel = i % c, p = i / c / w % h / window, q = i / c % w / window, n = i / c / w / h;
  const long p_end = h / window, q_end = w / window;
  float result = 0;
  if (p < p_end && q < q_end) {
    const float d = GET(dy, ((n * p_end + p) * q_end + q) * c + channel);
    if (maximum) {
      long best = -1;
      for (long r = 0; r < window; ++r) {
        for (long s = 0; s < window; ++s) {
          const long candidate = ((n * h + p * window + r) * w + q * window + s) * c + channel;
          if (best < 0 || GET(x, candidate) > GET(x, best)) best = candidate;
        }
      }
      result = best == i ? d : 0;
    } else {
      result = d / (window * window);
    }
  }
  SET(dx, i, result);
}
