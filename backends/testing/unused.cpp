// An unused function that moves the rest of a module to other addresses.
extern "C" __attribute__((visibility("default"))) double whygpu_unused(const double* values, int count) {
  double sum = 0;
  for (int i = 0; i < count; ++i) sum += values[i] * (i % 7 == 3 ? 1.5 : values[i]);
  return sum;
}
