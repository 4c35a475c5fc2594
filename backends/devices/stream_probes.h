// The probes of a backend that has STREAM kernels only.
#pragma once

#include <string>
#include <utility>

#include "whygpu/probes.h"

namespace whygpu {

class StreamProbes final : public Probes {
 public:
  using Supports = Support (*)(const Stream&);
  using Prepare = std::unique_ptr<Operation> (*)(const Stream&);
  StreamProbes(std::string backend, Supports supports, Prepare prepare)
      : backend_(std::move(backend)), supports_(supports), prepare_(prepare) {}

  std::vector<std::string> variants(const Probe&) const override { return {}; }
  Support supports(const Probe& probe, std::string_view) const override {
    if (const auto* stream = std::get_if<Stream>(&probe)) return supports_(*stream);
    return Support::no(backend_ + " has no such operation");
  }
  std::unique_ptr<Operation> prepare(const Probe& probe, std::string_view) override {
    return prepare_(std::get<Stream>(probe));
  }

 private:
  std::string backend_;
  Supports supports_;
  Prepare prepare_;
};

}  // namespace whygpu
