// Command line errors: one line, with what would be accepted.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace whygpu {

// The message for `error`, e.g. "whygpu run: no option "--bakend"; did you mean "--backend"? accepted: …".
std::string usage_error(const CLI::App& app, const CLI::ParseError& error);

// The current command, as typed: "whygpu history add".
std::string command_under_way(const CLI::App& app);

}  // namespace whygpu
