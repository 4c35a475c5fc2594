// Errors in a command line: one line, with what would be accepted.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace whygpu {

// "whygpu run: no option "--bakend"; did you mean "--backend"? accepted: …" for what `error` stopped.
std::string usage_error(const CLI::App& app, const CLI::ParseError& error);

// The command under way, as typed: "whygpu history add".
std::string command_under_way(const CLI::App& app);

}  // namespace whygpu
