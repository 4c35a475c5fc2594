// Writes the pages for page_test.mjs: write_synthetic_pages FOLDER.
#include <filesystem>
#include <fstream>

#include "reports/page/page.h"
#include "reports/page/synthetic_pages.h"

int main(int argc, char** argv) {
  using namespace whygpu;
  if (argc != 2) return 2;
  const std::filesystem::path folder = argv[1];
  std::filesystem::create_directories(folder);
  const auto write = [&](const char* name, const std::vector<ResultFile>& files) {
    std::ofstream(folder / name, std::ios::binary)
        << render_page(files, {.devices = {{"Synthetic cpu", 1000}, {"Synthetic GPU", 2000}}});
  };
  const auto cpu = cpu_only_file().file("cpu-box.json"), gpu = cpu_and_gpu_file().file("gpu-box.json");
  write("cpu-only.html", {cpu});
  write("cpu-and-gpu.html", {gpu});
  write("several-files.html", {cpu, gpu, memory_file().file("memory-box.json")});
  write("failures.html", {failures_file().file("broken-box.json")});
  write("hostile.html", {hostile_file().file("hostile.json")});
  write("large.html", {large_file().file("large.json")});
  return 0;
}
