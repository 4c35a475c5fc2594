// Builds small ONNX models for tests.
#pragma once

#include <onnx/onnx_pb.h>

#include <cctype>
#include <map>
#include <string>
#include <vector>

#include "benchmarks/networks/onnx/onnx_graph.h"

namespace whygpu::networks {

class Builder {
 public:
  explicit Builder(int opset = 13) {
    model_.set_ir_version(7);
    model_.add_opset_import()->set_version(opset);
  }

  // A dimension is a number or a name; an empty name is a dimension without either.
  Builder& input(const std::string& name, const std::vector<std::string>& dims, int type = onnx::TensorProto::FLOAT) {
    auto* info = model_.mutable_graph()->add_input();
    info->set_name(name);
    auto* tensor = info->mutable_type()->mutable_tensor_type();
    tensor->set_elem_type(type);
    tensor->mutable_shape();
    for (const auto& dim : dims) {
      auto* added = tensor->mutable_shape()->add_dim();
      if (dim.empty()) continue;
      if (std::isdigit(static_cast<unsigned char>(dim[0])) != 0) {
        added->set_dim_value(std::stoll(dim));
      } else {
        added->set_dim_param(dim);
      }
    }
    return *this;
  }

  Builder& weights(const std::string& name, const Shape& dims, int type = onnx::TensorProto::FLOAT) {
    auto* tensor = model_.mutable_graph()->add_initializer();
    tensor->set_name(name);
    tensor->set_data_type(type);
    tensor->mutable_dims()->Assign(dims.begin(), dims.end());
    tensor->set_data_location(onnx::TensorProto::EXTERNAL);  // no data: it is not needed
    auto* entry = tensor->add_external_data();
    entry->set_key("location");
    entry->set_value("weights.bin");
    return *this;
  }

  Builder& numbers(const std::string& name, const Shape& values) {
    auto* tensor = model_.mutable_graph()->add_initializer();
    tensor->set_name(name);
    tensor->set_data_type(onnx::TensorProto::INT64);
    tensor->add_dims(static_cast<std::int64_t>(values.size()));
    tensor->mutable_int64_data()->Assign(values.begin(), values.end());
    return *this;
  }

  Builder& node(const std::string& op, const std::vector<std::string>& inputs, const std::string& output,
                const std::map<std::string, Shape>& attributes = {}) {
    auto* node = model_.mutable_graph()->add_node();
    node->set_op_type(op);
    node->set_name(op + " " + output);
    for (const auto& input : inputs) node->add_input(input);
    node->add_output(output);
    for (const auto& [name, values] : attributes) {
      auto* attribute = node->add_attribute();
      attribute->set_name(name);
      const bool single = name == "group" || name.starts_with("trans") || name == "hidden_size" || name == "to";
      if (single) {
        attribute->set_type(onnx::AttributeProto::INT);
        attribute->set_i(values[0]);
      } else {
        attribute->set_type(onnx::AttributeProto::INTS);
        attribute->mutable_ints()->Assign(values.begin(), values.end());
      }
    }
    return *this;
  }

  Builder& word(const std::string& name, const std::string& value) {
    auto& nodes = *model_.mutable_graph()->mutable_node();
    auto* attribute = nodes[nodes.size() - 1].add_attribute();
    attribute->set_name(name);
    attribute->set_type(onnx::AttributeProto::STRING);
    attribute->set_s(value);
    return *this;
  }

  std::string bytes() const {
    auto model = model_;
    const auto& last = model.graph().node(model.graph().node_size() - 1).output(0);
    auto* output = model.mutable_graph()->add_output();
    output->set_name(last);
    output->mutable_type()->mutable_tensor_type()->set_elem_type(onnx::TensorProto::FLOAT);
    return model.SerializeAsString();
  }

 private:
  onnx::ModelProto model_;
};

}  // namespace whygpu::networks
