#include "reports/page/page.h"

#include <fmt/format.h>

#include <algorithm>
#include <future>
#include <random>
#include <stdexcept>

#include "reports/charts/chart_data.h"
#include "reports/claims/claims.h"
#include "reports/page/embedded.h"
#include "reports/render/text.h"
#include "reports/results/problems.h"
#include "reports/views/answer.h"
#include "reports/views/provenance.h"
#include "reports/views/table.h"

namespace whygpu {
namespace {

using Json = nlohmann::ordered_json;

// Only scripts with the nonce run, so nothing from a result file can.
std::string fresh_nonce() {
  std::random_device random;
  return fmt::format("{:08x}{:08x}{:08x}{:08x}", random(), random(), random(), random());
}

// JSON for a script element: without "<", which could end the element or begin a comment.
std::string json_for_script(const Json& json) {
  std::string text;
  for (char c : json.dump(-1, ' ', false, Json::error_handler_t::replace)) {
    if (c == '<') {
      text += "\\u003c";
    } else {
      text += c;
    }
  }
  return text;
}

// Vega as one script: each module becomes a function that page.js calls on demand.
std::string vega_script() {
  std::string script = "const vegaModules = {};\n";
  for (const auto& module : vega_modules()) {
    const auto name = module.name.substr(0, module.name.find(".min.js"));
    const auto text = module.text.substr(0, module.text.find("//# sourceMappingURL"));
    script += fmt::format("vegaModules[\"{}\"] = function (exports, module, require) {{\n{}\n}};\n", name, text);
  }
  return script;
}

std::string script() {
  std::string text;
  for (const char* name : {"chart_labels.js", "chart_specification.js", "chart_keyboard.js", "page.js"}) {
    text += page_file(name);
  }
  return text;
}

Json chart_specifications() {
  Json specifications;
  for (const auto& file : page_files()) {
    if (!file.name.ends_with(".json")) continue;
    auto json = Json::parse(file.text);
    if (json.contains("marks")) specifications[file.name.substr(0, file.name.size() - 5)] = std::move(json);
  }
  return specifications;
}

std::string list_html(const std::vector<std::string>& items, const char* css_class) {
  std::string html;
  for (const auto& item : items) html += fmt::format("<li>{}</li>\n", escape_html(item));
  return items.empty() ? html : fmt::format("<ul class=\"{}\">{}</ul>\n", css_class, html);
}

std::string section_html(const char* id, const char* title, const std::string& content) {
  if (content.empty()) return {};
  return fmt::format("<section id=\"{}\"><h2>{}</h2>\n{}</section>\n", id, title, content);
}

// The first items; the rest are folded.
std::string folded_list(const std::vector<std::string>& items, std::size_t openly, const char* css_class) {
  const auto split = items.begin() + static_cast<std::ptrdiff_t>(std::min(items.size(), openly));
  auto html = list_html({items.begin(), split}, css_class);
  if (split != items.end()) {
    html += fmt::format("<details><summary>{} more</summary>{}</details>\n", items.end() - split,
                        list_html({split, items.end()}, css_class));
  }
  return html;
}

// What makes a comparison unfair; said once, with the names of the files that it concerns.
std::vector<std::string> warnings(const std::vector<ResultFile>& files, const std::vector<std::string>& names) {
  std::vector<std::pair<std::string, std::vector<std::string>>> found;
  const auto add = [&](const std::string& text, const std::string& name) {
    auto known = std::ranges::find(found, text, [](const auto& one) { return one.first; });
    if (known == found.end()) known = found.insert(known, {text, {}});
    known->second.push_back(name);
  };
  for (std::size_t f = 0; f < files.size(); ++f) {
    if (files[f].imported) continue;
    if (!files[f].complete) add("This run did not finish; the page shows partial results.", names[f]);
    for (const auto& finding : describe_findings(files[f])) add(finding, names[f]);
  }
  std::vector<std::string> lines;
  for (const auto& [text, of] : found) lines.push_back(files.size() > 1 ? join(of, ", ") + ": " + text : text);
  return lines;
}

std::string answers_html(const std::vector<ResultFile>& files, const std::vector<std::string>& names,
                         const PriceList& prices, std::span<const CatalogueDevice> cards) {
  constexpr std::size_t kMostOpenly = 4;
  const auto found = answer(files, prices, cards);
  return fmt::format("<p class=\"lede\">{}</p>\n", escape_html(found.headline)) +
         folded_list(found.details, kMostOpenly, "answers") +
         folded_list(warnings(files, names), kMostOpenly, "warnings");
}

std::string tables_html(const std::vector<ResultFile>& files, const PriceList& prices,
                        std::span<const CatalogueDevice> cards) {
  std::string html;
  TableOptions options;
  options.prices = prices;
  options.cards.assign(cards.begin(), cards.end());
  for (const auto& view : views()) {
    if (view.on_page == OnPage::left_out) continue;
    const auto document = view.build(files, options);
    if (document.sections.empty()) continue;
    const auto table = render_html(document);
    // The main table and the crossovers are open; the rest is collapsed.
    const bool open = view.on_page == OnPage::open && document.records.rows.size() <= 200;
    html += fmt::format("<details{}><summary>{}: {}</summary>\n{}</details>\n", open ? " open" : "",
                        escape_html(view.name), escape_html(view.summary), table);
  }
  return html;
}

std::string claims_table(std::span<const RuledClaim> claims) {
  std::string rows;
  for (const auto& [claim, rulings] : claims) {
    for (const auto& ruling : rulings) {
      const auto word = ruling.verdict.substr(0, ruling.verdict.find_first_of(" ,"));
      std::string evidence;
      for (const auto& one : ruling.evidence) evidence += fmt::format("<div>{}</div>", escape_html(one));
      rows += fmt::format(
          "<tr><th scope=\"row\" class=\"left\">{}</th><td class=\"left verdict {}\">{}</td><td class=\"left\">{}</td>"
          "<td class=\"left faint\">{}</td></tr>\n",
          escape_html(claim.words), word, escape_html(ruling.verdict), evidence, escape_html(claim.rule));
    }
  }
  return "<table class=\"claims\"><thead><tr><th class=\"left\" scope=\"col\">claim</th><th class=\"left\" "
         "scope=\"col\">verdict</th><th class=\"left\" scope=\"col\">here</th><th class=\"left\" "
         "scope=\"col\">rule</th>"
         "</tr></thead><tbody>\n" +
         rows + "</tbody></table>\n";
}

std::string claims_html(const std::vector<ResultFile>& files, const PriceList& prices,
                        std::span<const CatalogueDevice> cards) {
  const auto claims =
      rule_claims(standard_claims(), files, {prices.devices, prices.rents, {cards.begin(), cards.end()}});
  if (claims.empty()) return {};
  const auto decided = static_cast<std::size_t>(std::ranges::count_if(claims, &RuledClaim::decided));
  const std::span all(claims);
  std::string html = fmt::format(
      "<p class=\"about\">Common claims about GPUs for deep learning, compared with the measurements: {} of {} decided."
      "</p>\n",
      decided, claims.size());
  if (decided > 0) html += claims_table(all.first(decided));
  if (decided < claims.size()) {
    html += fmt::format("<details><summary>{} not decided by these measurements</summary>\n{}</details>\n",
                        count_of(claims.size() - decided, "claim"), claims_table(all.subspan(decided)));
  }
  return html;
}

std::string facts_html(const TextFacts& facts) {
  std::string rows;
  for (const auto& [name, value] : facts) {
    rows += fmt::format("<tr><th scope=\"row\" class=\"left\">{}</th><td class=\"left\">{}</td></tr>\n",
                        escape_html(name), escape_html(value));
  }
  return fmt::format("<table class=\"facts\"><tbody>{}</tbody></table>\n", rows);
}

std::string machine_facts(const ResultFile& file) {
  const auto& e = file.environment;
  if (file.imported) {
    const auto& from = *file.imported;
    return list_html({describe_import(file)}, "warnings") + list_html(describe_backends(file), "notes") +
           facts_html({{"source", from.source},
                       {"date", from.date},
                       {"format", from.format},
                       {"file", from.file},
                       {"host", e.host},
                       {"imported by", "whygpu " + file.version}});
  }
  TextFacts facts{
      {"host", e.host},
      {"system", join({e.os, e.kernel}, ", ")},
      {"processor", e.cpu_model},
      {"processors", fmt::format("{} of {} usable", e.cpus_usable, e.cpus_online)},
      {"instruction sets", join(e.isa, " ")},
      {"memory", e.memory_bytes > 0 ? format_number(static_cast<double>(e.memory_bytes) / 1e9) + " GB" : ""},
      {"microcode", e.microcode},
      {"governor", e.governor},
      {"virtualization", e.virtualization},
      {"threads", std::to_string(file.run.threads)},
      {"started", file.run.started},
      {"command", join(file.run.command, " ")},
      {"whygpu", file.version}};
  for (const auto& [variable, value] : e.variables) facts["variable " + variable] = value;
  for (const auto& [key, value] : e.build) facts["build " + key] = value;
  std::erase_if(facts, [](const auto& fact) { return fact.second.empty(); });
  return list_html(describe_backends(file), "notes") + facts_html(facts);
}

std::string machines_html(const std::vector<ResultFile>& files, const std::vector<std::string>& names) {
  if (files.size() == 1) return machine_facts(files.front());
  std::string html;
  for (std::size_t f = 0; f < files.size(); ++f) {
    html += fmt::format("<details><summary class=\"name\">{}</summary>\n{}</details>\n", escape_html(names[f]),
                        machine_facts(files[f]));
  }
  return html;
}

std::string cases_html(const std::vector<ResultFile>& files, const std::vector<std::string>& names) {
  std::string html;
  for (std::size_t f = 0; f < files.size(); ++f) {
    std::string rows;
    for (const auto& record : files[f].cases) {
      const auto time = time_ns(record);
      const auto time_text = time ? fmt::format("{} {}", format_duration_ns(time->value), format_spread(*time))
                                  : fmt::format("{}: {}", name_of(record.status), record.reason);
      rows += fmt::format(
          "<tr><th scope=\"row\" class=\"key left text\"><code>{}</code></th><td class=\"left text\">{}</td>"
          "<td class=\"left text faint\">{}</td></tr>\n",
          escape_html(record.text), escape_html(time_text), escape_html(record.implementation));
    }
    if (rows.empty()) continue;
    const auto name = escape_html(names[f]);
    const auto about =
        files[f].imported ? escape_html(describe_import(files[f])) + "; <code>whygpu run 'LINE'</code> measures it here"
                          : std::string("Each line reproduces its measurement: <code>whygpu run 'LINE'</code>");
    html += fmt::format(
        "<details class=\"cases\"><summary class=\"name\">{}: {}</summary><p class=\"note\">{}</p><div "
        "class=\"scroll\" "
        "tabindex=\"0\" role=\"region\" aria-label=\"cases of "
        "{}\">"
        "<table><thead><tr><th class=\"key left\" scope=\"col\">case</th><th class=\"left\" scope=\"col\">time</th>"
        "<th class=\"left\" scope=\"col\">what ran</th></tr></thead><tbody>{}</tbody></table></div></details>\n",
        name, escape_html(count_of(files[f].cases.size(), "case")), about, name, rows);
  }
  return html;
}

// Replaces every {{name}} in `text` with its content, not recursively.
std::string fill(std::string_view text, const std::vector<std::pair<std::string_view, std::string>>& contents) {
  std::string result;
  for (;;) {
    const auto open = text.find("{{");
    if (open == std::string_view::npos) return result.append(text);
    const auto close = text.find("}}", open);
    const auto name = text.substr(open + 2, close - open - 2);
    const auto found = std::find_if(contents.begin(), contents.end(), [&](const auto& c) { return c.first == name; });
    if (found == contents.end()) throw std::logic_error("unknown name in the page template: " + std::string(name));
    result.append(text.substr(0, open)).append(found->second);
    text.remove_prefix(close + 2);
  }
}

}  // namespace

std::string render_page(const std::vector<ResultFile>& files, const PriceList& prices, const std::string& history,
                        std::span<const CatalogueDevice> cards) {
  const auto names = file_names(files);
  const bool drawn = !vega_modules().empty();
  std::vector<std::string> machines;
  for (std::size_t f = 0; f < files.size(); ++f) machines.push_back(describe_machine(files[f], names[f]).front());
  // Beside the tables, which take as long: a large file has 100,000 cases.
  auto data = std::async(std::launch::async, [&] {
    return json_for_script(
        {{"charts", drawn ? chart_data(files, prices, cards) : Json::array()}, {"specs", chart_specifications()}});
  });
  auto claims = std::async(std::launch::async, [&] { return claims_html(files, prices, cards); });
  return fill(page_file("page.html"),
              {{"nonce", fresh_nonce()},
               {"title", escape_html("Does this work need a GPU? " + join(names, ", "))},
               {"style", std::string(page_file("page.css"))},
               {"machines", list_html(machines, "machines")},
               {"answers", answers_html(files, names, prices, cards)},
               {"no_charts", drawn ? "" : "<p class=\"note\">This build has no Vega, so the page has no charts.</p>"},
               {"tables", section_html("tables", "Tables", tables_html(files, prices, cards))},
               {"claims", section_html("claims", "Claims", claims.get())},
               {"history", section_html("history", "History", history)},
               {"ran", section_html("ran", "Implementations and machines", machines_html(files, names))},
               {"cases", section_html("cases", "Every case", cases_html(files, names))},
               {"data", data.get()},
               {"vega", drawn ? vega_script() : std::string()},
               {"script", script()}});
}

}  // namespace whygpu
