#include "backends/cudnn/plans.h"

#include <set>
#include <stdexcept>
#include <utility>

namespace whygpu {
namespace {

struct Heuristic {
  cudnnBackendHeurMode_t mode;
  const char* name;
};
constexpr Heuristic kHeuristics[] = {
    {CUDNN_HEUR_MODE_A, "heuristic A"},
    {CUDNN_HEUR_MODE_B, "heuristic B"},
    {CUDNN_HEUR_MODE_FALLBACK, "fallback list"},
};

// Why there is no plan. The first reason of each kind is kept: it is about the engine that cuDNN likes best.
struct Reasons {
  std::string refusal, no_proposal;
  std::size_t refused = 0, other_arithmetic = 0;

  static void keep_first(std::string& reason, const std::string& text) {
    if (reason.empty()) reason = text;
  }

  std::string text(DType dtype) const {
    if (refused > 0) {
      return "cuDNN can run none of the " + std::to_string(refused) + " engines that it proposes: " + refusal;
    }
    if (other_arithmetic > 0) return "cuDNN proposes no engine that computes this in " + std::string(dtype_name(dtype));
    return "cuDNN proposes no engine for this" + (no_proposal.empty() ? "" : ": " + no_proposal);
  }
};

Plan finalized(cudnnHandle_t handle, Engine& engine, std::size_t max_workspace) {
  Plan plan{nullptr,
            std::move(engine.configuration),
            CudnnDescriptor(CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR),
            Form::direct,
            0,
            engine.describe()};
  plan.plan.set(CUDNN_ATTR_EXECUTION_PLAN_HANDLE, handle)
      .set(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, plan.configuration)
      .finalize("planning " + plan.description);
  plan.workspace_bytes = static_cast<std::size_t>(plan.plan.number(CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE));
  if (plan.workspace_bytes > max_workspace) {
    throw std::runtime_error(plan.description + " needs a workspace of " + std::to_string(plan.workspace_bytes) + " B");
  }
  return plan;
}

class Search {
 public:
  Search(cudnnHandle_t handle, const Convolution& conv, std::size_t count, std::size_t max_workspace)
      : handle_(handle), conv_(conv), count_(count), max_workspace_(max_workspace) {
    for (const Form form : forms_of(conv)) {
      try {
        graphs_.emplace_back(form, std::make_shared<ConvolutionGraph>(handle, conv, form));
      } catch (const std::exception& error) {
        Reasons::keep_first(reasons_.no_proposal, error.what());
      }
    }
  }

  Plans run() {
    for (const Heuristic& heuristic : kHeuristics) {
      for (const auto& [form, graph] : graphs_) {
        for (auto& engine : propose(*graph, heuristic)) {
          if (!tried_.emplace(form, engine.describe()).second) continue;
          consider(engine, heuristic, form, graph);
          if (found_.plans.size() == count_) return std::move(found_);
        }
      }
    }
    if (found_.plans.empty()) throw std::runtime_error(reasons_.text(conv_.dtype));
    return std::move(found_);
  }

 private:
  std::vector<Engine> propose(const ConvolutionGraph& graph, const Heuristic& heuristic) {
    try {
      return graph.propose(heuristic.mode);
    } catch (const std::exception& error) {
      Reasons::keep_first(reasons_.no_proposal, error.what());
      return {};
    }
  }

  void consider(Engine& engine, const Heuristic& heuristic, Form form,
                const std::shared_ptr<const ConvolutionGraph>& graph) {
    if (!computes(engine, conv_.dtype)) {
      ++reasons_.other_arithmetic;
      return;
    }
    try {
      Plan plan = finalized(handle_, engine, max_workspace_);
      plan.graph = graph;
      plan.form = form;
      plan.description += std::string(" from ") + heuristic.name;
      if (form == Form::widened) plan.description += "; inputs widened to f32 first, by whygpu";
      if (form == Form::identity) {
        const DType result = conv_.arguments()[static_cast<std::size_t>(conv_.result())].dtype;
        plan.description += "; " + std::string(dtype_name(result)) + " result by a fused identity operation";
      }
      if (found_.plans.empty()) found_.refused = reasons_.refused;
      found_.plans.push_back(std::move(plan));
    } catch (const std::exception& error) {
      ++reasons_.refused;
      Reasons::keep_first(reasons_.refusal, error.what());
    }
  }

  cudnnHandle_t handle_;
  Convolution conv_;
  std::size_t count_, max_workspace_;
  std::vector<std::pair<Form, std::shared_ptr<const ConvolutionGraph>>> graphs_;
  std::set<std::pair<Form, std::string>> tried_;  // heuristics often propose the same
  Reasons reasons_;
  Plans found_;
};

}  // namespace

Plans plan_convolution(cudnnHandle_t handle, const Convolution& conv, std::size_t count, std::size_t max_workspace) {
  return Search(handle, conv, count, max_workspace).run();
}

Support supports_convolution(cudnnHandle_t handle, const Convolution& conv, std::size_t max_workspace) {
  try {
    plan_convolution(handle, conv, 1, max_workspace);
    return {};
  } catch (const std::exception& error) {
    return Support::no(error.what());
  }
}

}  // namespace whygpu
