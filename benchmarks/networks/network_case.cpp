#include "benchmarks/networks/network_case.h"

namespace whygpu::networks {

std::vector<Parameter> network_parameters(std::string_view default_batch) {
  std::vector<std::string> names;
  for (const Model& model : models()) names.push_back(model.name());
  return {
      {"model", "", names, 0, "a model of benchmarks/models"},
      {"batch", std::string(default_batch), {}, 0, "batch size; 0: that of the model"},
      {"length", "0", {}, 0, "sequence length; 0: that of the model"},
      {"width", "0", {}, 0, "units of the hidden layers; 0: that of the model"},
      {"dtype", "f32", {"f32", "tf32", "bf16"}, 0, "type of products; sums, statistics and master weights are f32"},
      {"launch", "eager", {"eager", "graph"}, 0, "operations are queued one by one, or replayed from a captured graph"},
  };
}

Network network_of(const Case& c, std::int64_t batch) {
  Sizes sizes;
  for (const char* key : {"batch", "length", "width"}) {
    if (c.number(key) != 0) sizes[key] = c.number(key);
  }
  if (batch > 0) sizes["batch"] = batch;
  return find_model(c["model"]).network(sizes);
}

Network checked_network_of(const Case& c, std::int64_t batch) {
  const Model& model = find_model(c["model"]);
  Sizes sizes = model.check_sizes();
  if (batch > 0) sizes["batch"] = batch;
  return model.network(sizes);
}

Support supports_launch(const Case& c, Backend& backend) {
  Device& device = backend.device();
  if (c["launch"] == "eager" || device.capture([] {}) != nullptr) return {};
  return Support::no("a " + std::string(device_kind_name(device.kind())) +
                     " device cannot capture graphs: operations are queued one by one");
}

Throughput throughput(const Network& network) {
  const auto batch = static_cast<double>(network.batch);
  const auto length = network.input.numbers.find("length");
  return {batch, length == network.input.numbers.end() ? 0 : batch * static_cast<double>(length->second)};
}

}  // namespace whygpu::networks
