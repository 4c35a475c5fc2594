// The whygpu command.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <sstream>
#include <string>
#include <system_error>

#include "reports/render/text.h"
#include "tools/commands.h"
#include "tools/terminal.h"
#include "tools/usage_error.h"

namespace {

// A file opened later must not take the place of a standard stream that the caller closed. Writing to a closed standard
// output stays an error.
void open_closed_streams() {
  for (int fd = 0; fd <= 2; ++fd) {
    const int mode = fd == STDOUT_FILENO ? O_RDONLY : O_RDWR;
    if (fcntl(fd, F_GETFD) == -1 && open("/dev/null", mode) != fd) std::abort();
  }
}

void flush_output() {
  if (std::fflush(stdout) != 0) throw std::system_error(errno, std::generic_category(), "standard output");
}

// Messages repeat what the user or a file said.
std::string printable_lines(const std::string& text) {
  std::istringstream lines(text);
  std::string result;
  for (std::string line; std::getline(lines, line);) result += (result.empty() ? "" : "\n") + whygpu::printable(line);
  return result;
}

// Folders of modules that are not there.
void warn_of_missing_folders() {
  const char* path = std::getenv("WHYGPU_BACKEND_PATH");
  if (path == nullptr) return;
  std::istringstream folders(path);
  for (std::string folder; std::getline(folders, folder, ':');) {
    std::error_code ignored;
    if (!folder.empty() && !std::filesystem::is_directory(folder, ignored))
      whygpu::print_message("WHYGPU_BACKEND_PATH: {} is not a folder\n", whygpu::printable(folder));
  }
}

}  // namespace

int main(int argc, char** argv) {
  open_closed_streams();
  warn_of_missing_folders();
  CLI::App app(
      "Does this work need a GPU, and from which size on? Measures GEMM, convolution and training steps on every\n"
      "backend of this machine, verifies every result, and prints tables.\n\n"
      "  whygpu run quick            measure for about a minute, then print the table\n"
      "  whygpu list                 backends and workloads, and what is missing\n"
      "  whygpu doctor               check whether this machine is suitable for measurements\n",
      "whygpu");
  app.set_version_flag("--version", WHYGPU_VERSION);
  app.require_subcommand(1);
  app.footer(
      "Exit codes: 0 done, 1 a case was incorrect, suspect or failed, 2 bad arguments or input, 130 interrupted.");
  int exit_code = 0;
  whygpu::add_run_command(app, exit_code);
  whygpu::add_network_command(app, exit_code);
  whygpu::add_list_command(app, exit_code);
  whygpu::add_table_command(app, exit_code);
  whygpu::add_report_command(app, exit_code);
  whygpu::add_project_command(app, exit_code);
  whygpu::add_claims_command(app, exit_code);
  whygpu::add_import_command(app, exit_code);
  whygpu::add_ceilings_command(app, exit_code);
  whygpu::add_doctor_command(app, exit_code);
  whygpu::add_gate_command(app, exit_code);
  whygpu::add_compare_command(app, exit_code);
  whygpu::add_history_command(app, exit_code);
  whygpu::add_completion_command(app, exit_code);
  try {
    try {
      app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
      if (error.get_exit_code() != 0) throw;
      exit_code = app.exit(error);  // help and version
    }
    flush_output();
    return exit_code;
  } catch (const CLI::ParseError& error) {
    whygpu::print_message("{}\n", printable_lines(whygpu::usage_error(app, error)));
    return 2;
  } catch (const std::exception& error) {
    whygpu::print_message("{}: {}\n", whygpu::command_under_way(app), printable_lines(error.what()));
    return 2;
  }
}
