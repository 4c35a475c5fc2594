#include "benchmarks/machine/environment.h"

#include <fmt/format.h>
#include <sched.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <map>
#include <sstream>

#include "backends/devices/cpu_model.h"
#include "benchmarks/worker/records.h"

extern char** environ;

namespace whygpu {
namespace {

namespace fs = std::filesystem;

std::optional<std::string> first_line(const fs::path& file) {
  std::ifstream stream(file);
  std::string line;
  if (!std::getline(stream, line)) return std::nullopt;
  return line;
}

std::optional<double> number_in(const fs::path& file) {
  const auto line = first_line(file);
  if (!line) return std::nullopt;
  char* end = nullptr;
  const double value = std::strtod(line->c_str(), &end);
  if (end == line->c_str()) return std::nullopt;
  return value;
}

// Lines of the form "key<blanks>: value"; the first of a key wins.
std::map<std::string, std::string> colon_lines(const fs::path& file) {
  std::map<std::string, std::string> lines;
  std::ifstream stream(file);
  for (std::string line; std::getline(stream, line);) {
    const auto colon = line.find(':');
    if (colon == std::string::npos) continue;
    const auto key_end = line.find_last_not_of(" \t", colon - 1);
    const auto value = line.find_first_not_of(" \t", colon + 1);
    lines.emplace(line.substr(0, key_end + 1), value == std::string::npos ? "" : line.substr(value));
  }
  return lines;
}

constexpr std::array kInterestingIsa = {
    "avx2",        "fma",         "f16c",     "avx_vnni", "avx512f",  "avx512vl", "avx512_vnni",
    "avx512_bf16", "avx512_fp16", "amx_tile", "amx_bf16", "amx_int8", "amx_fp16", "avx512_vp2intersect",
    "asimd",       "asimdhp",     "asimddp",  "bf16",     "i8mm",     "sve",      "sve2"};

// A line of /proc/cpuinfo that only processors of another architecture have.
#if defined(__aarch64__)
constexpr const char* kForeignKey = "vendor_id";
#else
constexpr const char* kForeignKey = "CPU implementer";
#endif

// The cgroup folder of this process; version 2 only, which Debian mounts since 11.
fs::path cgroup(const fs::path& root) {
  const auto line = first_line(root / "proc/self/cgroup");
  const fs::path base = root / "sys/fs/cgroup";
  if (!line || !line->starts_with("0::/")) return base;
  const fs::path own = base / line->substr(4);
  return fs::exists(own / "cgroup.controllers") ? own : base;
}

std::optional<std::string> virtualization(const fs::path& root) {
  const auto flags = colon_lines(root / "proc/cpuinfo")["flags"];
  if ((" " + flags + " ").find(" hypervisor ") == std::string::npos) return std::nullopt;
  return first_line(root / "sys/class/dmi/id/sys_vendor").value_or("a hypervisor");
}

}  // namespace

std::string host_name() {
  std::array<char, 256> name{};
  gethostname(name.data(), name.size() - 1);
  return name.data();
}

fs::path program_folder() {
  std::error_code ignored;
  return fs::read_symlink("/proc/self/exe", ignored).parent_path();
}

int usable_cpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  int count =
      sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN));
  if (const auto quota = cpu_quota()) count = std::min(count, static_cast<int>(std::ceil(*quota)));
  return std::max(count, 1);
}

std::optional<double> cpu_quota(const fs::path& root) {
  const auto line = first_line(cgroup(root) / "cpu.max");  // "max 100000" or "150000 100000"
  if (!line) return std::nullopt;
  std::istringstream stream(*line);
  double quota = 0, period = 0;
  if (!(stream >> quota >> period) || period <= 0) return std::nullopt;
  return quota / period;
}

std::size_t available_host_memory(const fs::path& root) {
  const auto meminfo = colon_lines(root / "proc/meminfo");
  const auto line = meminfo.find("MemAvailable");
  double available = line == meminfo.end() ? std::numeric_limits<double>::max() : 1024 * std::stod(line->second);
  const fs::path group = cgroup(root);
  const auto limit = number_in(group / "memory.max");
  const auto used = number_in(group / "memory.current");
  if (limit && used) available = std::min(available, std::max(*limit - *used, 0.0));
  return static_cast<std::size_t>(std::min(available, 1e18));
}

std::vector<CacheRecord> caches(const fs::path& root) {
  std::vector<CacheRecord> result;
  for (int index = 0;; ++index) {
    const fs::path folder = root / fmt::format("sys/devices/system/cpu/cpu0/cache/index{}", index);
    const auto type = first_line(folder / "type");
    const auto level = number_in(folder / "level");
    const auto kilobytes = number_in(folder / "size");
    if (!type || !level || !kilobytes) return result;
    const std::string shared = first_line(folder / "shared_cpu_map").value_or("1");
    int sharing = 0;
    for (const char digit : shared)
      sharing += digit == ',' ? 0 : std::popcount(std::stoul(std::string(1, digit), nullptr, 16));
    result.push_back({*type, static_cast<int>(*level), static_cast<std::uint64_t>(*kilobytes) * 1024, sharing});
  }
}

CpuFacts cpu_facts(const fs::path& root) {
  const auto info = colon_lines(root / "proc/cpuinfo");
  const auto value = [&](const char* key) {
    const auto found = info.find(key);
    return found == info.end() ? std::optional<std::string>() : found->second;
  };
  CpuFacts facts;
  std::ifstream cpuinfo(root / "proc/cpuinfo");
  const CpuModel model = cpu_model(cpuinfo);
  facts.model = model.name.empty() ? "unknown CPU" : model.name;
  facts.vendor = model.vendor;
  facts.emulated = value(kForeignKey).has_value();
  facts.microcode = value("microcode");
  if (const auto mhz = value("cpu MHz")) facts.mhz = std::stod(*mhz);
  const std::string flags = " " + value("flags").value_or(value("Features").value_or("")) + " ";
  for (const char* name : kInterestingIsa) {
    if (flags.find(fmt::format(" {} ", name)) != std::string::npos) facts.isa.emplace_back(name);
  }
  const fs::path cpus = root / "sys/devices/system/cpu";
  std::ifstream lines(root / "proc/cpuinfo");
  for (std::string line; std::getline(lines, line);) facts.online += line.starts_with("processor") ? 1 : 0;
  facts.governor = first_line(cpus / "cpu0/cpufreq/scaling_governor");
  if (const auto off = number_in(cpus / "intel_pstate/no_turbo")) facts.turbo = *off == 0;
  if (const auto boost = number_in(cpus / "cpufreq/boost")) facts.turbo = *boost != 0;
  if (const auto smt = number_in(cpus / "smt/active")) facts.smt = *smt != 0;
  return facts;
}

CpuTicks cpu_ticks(const fs::path& root) {
  std::ifstream stream(root / "proc/stat");
  std::string label;
  stream >> label;
  CpuTicks ticks;
  double value = 0;
  for (int field = 0; field < 8 && stream >> value; ++field) {  // user nice system idle iowait irq softirq steal
    ticks.total += value;
    if (field == 3 || field == 4) ticks.idle += value;
    if (field == 7) ticks.steal = value;
  }
  return ticks;
}

std::vector<std::pair<std::string, std::string>> influential_variables() {
  constexpr std::array prefixes = {"OPENBLAS_",   "GOTO_",   "OMP_",           "GOMP_",        "KMP_",
                                   "MKL_",        "BLIS_",   "LIBXSMM_",       "DNNL_",        "ONEDNN_",
                                   "CUBLAS_",     "CUDNN_",  "NVIDIA_TF32_",   "CUDA_VISIBLE", "CUDA_DEVICE",
                                   "CUDA_LAUNCH", "MALLOC_", "GLIBC_TUNABLES", "LD_PRELOAD",   "WHYGPU_"};
  std::vector<std::pair<std::string, std::string>> variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    if (std::none_of(prefixes.begin(), prefixes.end(), [&](const char* prefix) { return text.starts_with(prefix); }))
      continue;
    const auto equals = text.find('=');
    variables.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  std::sort(variables.begin(), variables.end());
  return variables;
}

std::vector<double> load_average() {
  std::array<double, 3> load{};
  const int known = getloadavg(load.data(), 3);
  return {load.begin(), load.begin() + std::max(known, 0)};
}

EnvironmentRecord environment_record() {
  utsname system{};
  uname(&system);
  const CpuFacts cpu = cpu_facts();
  EnvironmentRecord record;
  record.host = host_name();
  record.kernel = fmt::format("{} {}", system.sysname, system.release);
  std::ifstream release("/etc/os-release");
  for (std::string line; std::getline(release, line);) {
    if (line.starts_with("PRETTY_NAME=\"")) record.os = line.substr(13, line.size() - 14);
  }
  record.virtualization = virtualization("/").value_or("");
  record.cpu_model = cpu.model;
  record.cpu_vendor = cpu.vendor;
  record.microcode = cpu.microcode.value_or("");
  record.governor = cpu.governor.value_or("");
  record.cpus_online = std::max(cpu.online, 1);
  record.cpus_usable = usable_cpus();
  record.cpu_quota = cpu_quota();
  record.turbo = cpu.turbo;
  record.smt = cpu.smt;
  record.mhz = cpu.mhz;
  record.isa = cpu.isa;
  record.memory_bytes =
      static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  record.caches = caches();
  record.load = load_average();
  const auto variables = influential_variables();
  record.variables = {variables.begin(), variables.end()};
  record.build = {{"compiler", fmt::format("{} {}", WHYGPU_COMPILER, __VERSION__)}, {"type", WHYGPU_BUILD_TYPE}};
  return record;
}

ContextRecord google_benchmark_context(const std::string& executable) {
  const CpuFacts cpu = cpu_facts();
  ContextRecord record;
  record.date = utc_now();
  record.host_name = host_name();
  record.executable = executable;
  record.cpus = std::max(cpu.online, 1);
  record.mhz_per_cpu = std::round(cpu.mhz.value_or(0));
  record.cpu_scaling_enabled = cpu.governor && *cpu.governor != "performance";
  record.caches = caches();
  record.load = load_average();
  return record;
}

}  // namespace whygpu
