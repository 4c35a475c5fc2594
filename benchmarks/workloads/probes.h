// Access to the probes of a backend, which are optional.
#pragma once

#include <stdexcept>

#include "whygpu/probes.h"

namespace whygpu {

inline Support supports_probe(const Probe& probe, std::string_view variant, Backend& backend) {
  if (backend.probes() != nullptr) return backend.probes()->supports(probe, variant);
  return Support::no(backend.version() + " measures neither memory nor peaks: it has no probes");
}

inline std::unique_ptr<Operation> prepare_probe(const Probe& probe, std::string_view variant, Backend& backend) {
  if (const Support support = supports_probe(probe, variant, backend); !support) {
    throw std::runtime_error(support.reason);
  }
  return backend.probes()->prepare(probe, variant);
}

}  // namespace whygpu
