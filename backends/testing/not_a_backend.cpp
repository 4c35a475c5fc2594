// A shared library that is not a backend.
extern "C" __attribute__((visibility("default"))) int not_a_backend() { return 0; }
