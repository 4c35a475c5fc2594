#include <fmt/format.h>

#include <algorithm>

#include "reports/render/text.h"
#include "reports/results/problems.h"
#include "reports/views/crossover.h"
#include "reports/views/provenance.h"
#include "reports/views/views.h"

namespace whygpu {
namespace {

std::string_view kind_name(CrossoverKind kind) {
  constexpr std::string_view names[] = {"always", "between", "never", "undecided"};
  return names[static_cast<std::size_t>(kind)];
}

class CrossoverView {
 public:
  CrossoverView(const PriceList& prices, CpuOpenCl cpu_opencl) : prices_(prices), cpu_opencl_(cpu_opencl) {
    document_.records.columns = {"file",        "workload",    "dtype",
                                 "settings",    "fixed",       "size_name",
                                 "candidate",   "device",      "offload",
                                 "resource",    "verdict",     "from",
                                 "last_behind", "largest",     "factor_at_largest",
                                 "factor_low",  "factor_high", "best_cpu_at_largest"};
  }

  void add(const ResultFile& file, const std::string& name) {
    const auto found = contests(file, prices_, cpu_opencl_);
    if (found.empty()) document_.notes.push_back(name + ": " + why_no_contest(file));
    Section section{name, columns(), {}, {}};
    for (const auto& contest : found) {
      section.rows.push_back(row_of(contest));
      add_record(name, contest);
      note_oddities(contest, section.notes);
    }
    if (!section.rows.empty()) document_.sections.push_back(std::move(section));
    add_paybacks(file, name);
    if (const auto note = note_on_cpu_opencl(file); !note.empty()) document_.notes.push_back(name + ": " + note);
  }

  Document take(std::vector<std::string> heading) {
    document_.heading = std::move(heading);
    if (!document_.sections.empty()) {
      document_.notes.emplace_back(
          "ahead: the whole spread is above 1× the best CPU backend, at this and every larger measured size");
    }
    return std::move(document_);
  }

 private:
  static std::vector<Column> columns() {
    return {{"workload", "", true}, {"sizes", "", true}, {"candidate", "", true},
            {"in", "", true},       {"ahead", "", true}, {"at largest", "", false}};
  }

  static std::vector<Cell> row_of(const Contest& contest) {
    const auto& family = contest.family;
    const auto& last = contest.points.back();
    std::vector<std::string> what{family.workload}, sizes{family.size_name}, who{contest.candidate};
    for (const auto* part : {&family.dtype, &family.settings}) {
      if (!part->empty()) what.push_back(*part);
    }
    if (!family.fixed.empty()) sizes.push_back(family.fixed);
    if (!contest.data_path.text.empty()) who.push_back(contest.data_path.text);
    const auto kind = contest.crossover.kind;
    return {{join(what, " ")},
            {join(sizes, " ")},
            {join(who, " ")},
            {std::string(resource_name(contest.resource))},
            {describe(contest), kind == CrossoverKind::never ? Tone::faint : Tone::strong},
            {format_number(last.factor.value) + "×"}};
  }

  void add_record(const std::string& name, const Contest& contest) {
    const auto& family = contest.family;
    const auto& last = contest.points.back();
    document_.records.rows.push_back({name, family.workload, known(family.dtype), known(family.settings),
                                      known(family.fixed), family.size_name, contest.candidate, contest.device,
                                      known(contest.data_path.text), std::string(resource_name(contest.resource)),
                                      std::string(kind_name(contest.crossover.kind)), known(contest.crossover.from),
                                      known(contest.crossover.last_behind), last.size, last.factor.value,
                                      known(low_of(last.factor)), known(high_of(last.factor)), last.best_cpu});
  }

  static void note_oddities(const Contest& contest, std::vector<std::string>& notes) {
    const auto add = [&](const std::string& note) {
      if (std::find(notes.begin(), notes.end(), note) == notes.end()) notes.push_back(note);
    };
    for (double size : contest.crossover.isolated_wins) {
      add(fmt::format("{} was also ahead at {}, but did not stay ahead", contest.candidate, format_size(size)));
    }
    if (!contest.crossover.has_band) add("some sizes have a single round: noise is unknown there");
    for (const auto& gap : contest.gaps) add(gap);
  }

  void add_paybacks(const ResultFile& file, const std::string& name) {
    Section section{name + ": reuses after which the upload pays off",
                    {{"problem", "", true}, {"candidate", "", true}, {"reuses", "", false}},
                    {},
                    {}};
    for (const auto& payback : paybacks(file, cpu_opencl_)) {
      section.rows.push_back(
          {{payback.problem}, {payback.candidate}, {payback.reuses ? format_size(*payback.reuses) : "never"}});
    }
    if (!section.rows.empty()) document_.sections.push_back(std::move(section));
  }

  std::string note_on_cpu_opencl(const ResultFile& file) const {
    std::string names;
    for (const auto& backend : file.backends) {
      if (backend.on_cpu_opencl()) names += (names.empty() ? "" : ", ") + backend.name;
    }
    if (names.empty()) return {};
    return names + (cpu_opencl_ == CpuOpenCl::candidate
                        ? " ran OpenCL on the CPU: no GPU was measured"
                        : " ran OpenCL on the CPU, left out here; --allow-cpu-opencl compares them all the same");
  }

  static std::string why_no_contest(const ResultFile& file) {
    if (file.imported) return "published by others: compared with nothing";
    for (const auto& backend : file.backends) {
      if (backend.on_accelerator()) {
        return "no problem was solved both by a CPU backend and by " + backend.name;
      }
    }
    return "no backend ran on a GPU, so there is no crossover";
  }

  const PriceList& prices_;
  CpuOpenCl cpu_opencl_;
  Document document_;
};

}  // namespace

Document crossover_view(const std::vector<ResultFile>& files, const TableOptions& options) {
  CrossoverView view(options.prices, options.allow_cpu_opencl ? CpuOpenCl::candidate : CpuOpenCl::left_out);
  const auto names = file_names(files);
  for (std::size_t f = 0; f < files.size(); ++f) view.add(files[f], names[f]);
  return view.take(describe_files(files, names));
}

}  // namespace whygpu
