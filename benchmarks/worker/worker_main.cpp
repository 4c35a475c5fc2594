#include "benchmarks/worker/worker.h"

int main(int argc, char** argv) { return whygpu::worker_main(WHYGPU_WORKLOAD, argc, argv); }
