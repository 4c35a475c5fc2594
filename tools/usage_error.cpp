#include "tools/usage_error.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "benchmarks/cases/nearest.h"
#include "reports/render/text.h"

namespace whygpu {
namespace {

const CLI::App& innermost(const CLI::App& app) {
  const auto parsed = app.get_subcommands();
  return parsed.empty() ? app : innermost(*parsed.back());
}

std::vector<std::string> option_names(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::App* app = &command; app != nullptr; app = app->get_fallthrough() ? app->get_parent() : nullptr) {
    for (const auto* option : app->get_options()) {
      for (const auto& name : option->get_lnames()) names.push_back("--" + name);
      for (const auto& name : option->get_snames()) names.push_back("-" + name);
    }
  }
  return names;
}

std::vector<std::string> command_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const auto* command : app.get_subcommands({})) names.push_back(command->get_name());
  return names;
}

std::string without_value(const std::string& word) { return word.substr(0, word.find('=')); }

// Passwords stand in the addresses of databases.
std::string without_password(const std::string& word) {
  const auto end = word.rfind('@');
  const auto begin = word.find("://");
  return begin == std::string::npos || end == std::string::npos ? word
                                                                : word.substr(0, begin + 3) + "…" + word.substr(end);
}

}  // namespace

std::string command_under_way(const CLI::App& app) {
  const auto parsed = app.get_subcommands();
  return app.get_name() + (parsed.empty() ? "" : " " + command_under_way(*parsed.back()));
}

std::string usage_error(const CLI::App& app, const CLI::ParseError& error) {
  const CLI::App& command = innermost(app);
  const auto left = app.remaining(true);
  std::string what = error.what();
  if (!left.empty() && left.front().starts_with("-")) {
    const std::string name = without_value(left.front());
    what = fmt::format("no option \"{}\"; {}", name, suggest(name, option_names(command)));
  } else if (const auto commands = command_names(command); !commands.empty()) {
    const std::string help = suggest(left.empty() ? "" : left.front(), commands);
    what = left.empty() ? "no command given; " + help
                        : fmt::format("no command \"{}\"; {}", without_password(left.front()), help);
  } else if (!left.empty()) {
    what = fmt::format("unexpected argument \"{}\"; see {} --help", without_password(left.front()),
                       command_under_way(app));
  } else if (dynamic_cast<const CLI::ConversionError*>(&error) != nullptr) {
    what += "; accepted: a number";
  }
  return fmt::format("{}: {}", command_under_way(app), printable(what));
}

}  // namespace whygpu
