// Reads small ONNX models that are built here with ONNX's own classes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <limits>

#include "benchmarks/networks/onnx/onnx_builder.h"
#include "benchmarks/networks/onnx/read_network.h"

namespace whygpu::networks {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

class Onnx : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "whygpu_onnx_XXXXXX";
    folder_ = mkdtemp(name.data());
    file_ = folder_ / "net.onnx";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  NetworkRecord read(const std::string& bytes, const OnnxSizes& sizes = {}, bool training = false) {
    std::ofstream(file_, std::ios::binary) << bytes;
    return read_network(file_.string(), sizes, training);
  }
  NetworkRecord read(const Builder& builder, const OnnxSizes& sizes = {}, bool training = false) {
    return read(builder.bytes(), sizes, training);
  }

  template <class Source>
  std::string error_of(const Source& source, const OnnxSizes& sizes = {}) {
    try {
      read(source, sizes);
    } catch (const CaseError& error) {
      const std::string message = error.what();
      EXPECT_THAT(message, StartsWith(file_.string() + ": "));
      EXPECT_EQ(message.find('\n'), std::string::npos);
      return message.substr(file_.string().size() + 2);
    }
    ADD_FAILURE() << "no error";
    return "";
  }

  std::filesystem::path folder_, file_;
};

// "forward 2 × gemm …" of every piece of measured work.
std::vector<std::string> cases(const NetworkRecord& network) {
  std::vector<std::string> lines;
  for (const auto& node : network.nodes) {
    for (const auto& work : node.work) {
      if (!work.problem.empty()) lines.push_back(work.pass + " " + std::to_string(work.count) + " × " + work.problem);
    }
  }
  return lines;
}

double flops(const NetworkRecord& network) {
  double sum = 0;
  for (const auto& node : network.nodes) {
    for (const auto& work : node.work) {
      if (!work.problem.empty()) sum += static_cast<double>(work.count) * work.flops;
    }
  }
  return sum;
}

TEST_F(Onnx, Convolution) {
  const auto network = read(Builder()
                                .input("x", {"batch", "3", "224", "224"})
                                .weights("w", {64, 3, 7, 7})
                                .node("Conv", {"x", "w"}, "y", {{"strides", {2, 2}}, {"pads", {3, 3, 3, 3}}})
                                .node("Relu", {"y"}, "z"),
                            {.batch = 8, .dims = {}});
  EXPECT_EQ(network.name, "net");
  EXPECT_EQ(network.batch, 8);
  EXPECT_THAT(cases(network), ElementsAre("forward 1 × convolution n=8 c=3 h=224 w=224 k=64 r=7 s=7 stride=2 pad=3"));
  EXPECT_DOUBLE_EQ(flops(network), 2.0 * 8 * 64 * 112 * 112 * 3 * 49);
  ASSERT_THAT(network.nodes, SizeIs(2));
  EXPECT_EQ(network.nodes[1].op, "Relu");
  EXPECT_DOUBLE_EQ(network.nodes[1].work[0].bytes, 2.0 * 4 * 8 * 64 * 112 * 112);
}

TEST_F(Onnx, ConvolutionAttributes) {
  const auto same = [](int size, const std::string& word) {
    return Builder()
        .input("x", {"1", "8", std::to_string(size), std::to_string(size)})
        .weights("w", {8, 8, 3, 3})
        .node("Conv", {"x", "w"}, "y", {{"strides", {2, 2}}})
        .word("auto_pad", word);
  };
  // SAME pads an even image at the end only: a row and a column more, and no padding.
  EXPECT_THAT(cases(read(same(32, "SAME_UPPER"))),
              ElementsAre("forward 1 × convolution n=1 c=8 h=33 w=33 k=8 r=3 s=3 stride=2"));
  EXPECT_THAT(cases(read(same(33, "SAME_LOWER"))),
              ElementsAre("forward 1 × convolution n=1 c=8 h=33 w=33 k=8 r=3 s=3 stride=2 pad=1"));
  EXPECT_THAT(cases(read(same(32, "VALID"))),
              ElementsAre("forward 1 × convolution n=1 c=8 h=32 w=32 k=8 r=3 s=3 stride=2"));
  const auto grouped = Builder()
                           .input("x", {"1", "32", "14", "20"})
                           .weights("w", {64, 4, 3, 5})
                           .node("Conv", {"x", "w"}, "y",
                                 {{"group", {8}}, {"dilations", {2, 1}}, {"pads", {2, 1, 2, 1}}, {"strides", {1, 2}}})
                           .weights("d", {64, 1, 3, 3})
                           .node("Conv", {"y", "d"}, "z", {{"group", {64}}});
  EXPECT_THAT(cases(read(grouped)),
              ElementsAre("forward 1 × convolution n=1 c=32 h=14 w=20 k=64 r=3 s=5 stride_w=2 pad_h=2 pad_w=1 "
                          "dilation_h=2 groups=8",
                          "forward 1 × convolution n=1 c=64 h=14 w=9 k=64 r=3 s=3 groups=64"));
}

TEST_F(Onnx, ConvolutionOverOneAndThreeAxes) {
  EXPECT_THAT(cases(read(Builder()
                             .input("x", {"1", "80", "3000"})
                             .weights("w", {384, 80, 3})
                             .node("Conv", {"x", "w"}, "y", {{"pads", {1, 1}}}))),
              ElementsAre("forward 1 × convolution n=1 c=80 h=1 w=3000 k=384 r=1 s=3 pad_w=1"));
  const auto video = read(Builder()
                              .input("x", {"2", "4", "8", "16", "16"})
                              .weights("w", {6, 4, 3, 3, 3})
                              .node("Conv", {"x", "w"}, "y", {{"pads", {1, 1, 1, 1, 1, 1}}}));
  EXPECT_DOUBLE_EQ(flops(video), 2.0 * 2 * 6 * 8 * 16 * 16 * 4 * 27);
}

TEST_F(Onnx, TransposedConvolution) {
  const auto network = read(Builder()
                                .input("x", {"1", "96", "20", "20"})
                                .weights("w", {96, 24, 2, 2})
                                .node("ConvTranspose", {"x", "w"}, "y", {{"strides", {2, 2}}}));
  EXPECT_THAT(cases(network), ElementsAre("forward 1 × convolution n=1 c=24 h=40 w=40 k=96 r=2 s=2 stride=2 "
                                          "pass=backward_data"));
  EXPECT_DOUBLE_EQ(flops(network), 2.0 * 96 * 20 * 20 * 24 * 4);
  const auto odd = read(Builder()
                            .input("x", {"1", "8", "4", "4"})
                            .weights("w", {8, 6, 3, 3})
                            .node("ConvTranspose", {"x", "w"}, "y",
                                  {{"strides", {2, 2}}, {"pads", {1, 1, 1, 1}}, {"output_padding", {1, 1}}}));
  EXPECT_THAT(cases(odd), ElementsAre("forward 1 × convolution n=1 c=6 h=8 w=8 k=8 r=3 s=3 stride=2 pad=1 "
                                      "pass=backward_data"));
}

TEST_F(Onnx, MatrixProducts) {
  const auto network = read(Builder()
                                .input("x", {"batch", "12", "64"})
                                .weights("w", {64, 256})
                                .node("MatMul", {"x", "w"}, "a")                       // one tall product
                                .node("Transpose", {"a"}, "t", {{"perm", {0, 2, 1}}})  // batch × 256 × 12
                                .node("MatMul", {"a", "t"}, "b")                       // a batch of products
                                .weights("v", {10, 12})
                                .node("Reshape", {"b", "shape"}, "c")
                                .numbers("shape", {-1, 12})
                                .node("Gemm", {"c", "v"}, "d", {{"transB", {1}}}),
                            {.batch = 4, .dims = {}});
  EXPECT_THAT(cases(network),
              ElementsAre("forward 1 × gemm m=48 n=256 k=64", "forward 1 × gemm m=12 n=12 k=256 batch=4",
                          "forward 1 × gemm m=48 n=10 k=12 trans=nt"));
  EXPECT_DOUBLE_EQ(flops(network), 2.0 * 48 * 256 * 64 + 2.0 * 4 * 12 * 12 * 256 + 2.0 * 48 * 10 * 12);
  const auto broadcast =
      read(Builder().input("x", {"5", "1", "7", "3"}).input("y", {"6", "3", "9"}).node("MatMul", {"x", "y"}, "z"));
  EXPECT_THAT(cases(broadcast), ElementsAre("forward 1 × gemm m=7 n=9 k=3 batch=30"));
}

TEST_F(Onnx, Einsum) {
  EXPECT_THAT(cases(read(Builder(13)
                             .input("q", {"2", "16", "4", "8"})
                             .input("k", {"2", "20", "4", "8"})
                             .node("Einsum", {"q", "k"}, "y")
                             .word("equation", "bqhd,bkhd->bhqk"))),
              ElementsAre("forward 1 × gemm m=16 n=20 k=8 batch=8"));
}

TEST_F(Onnx, Recurrent) {
  const auto network = read(Builder()
                                .input("x", {"25", "batch", "40"})
                                .weights("w", {2, 256, 40})
                                .weights("r", {2, 256, 64})
                                .node("LSTM", {"x", "w", "r"}, "y", {{"hidden_size", {64}}})
                                .word("direction", "bidirectional"),
                            {.batch = 3, .dims = {}});
  EXPECT_THAT(cases(network),
              ElementsAre("forward 2 × gemm m=75 n=256 k=40 trans=nt", "forward 50 × gemm m=3 n=256 k=64 trans=nt"));
}

TEST_F(Onnx, Integers) {
  EXPECT_THAT(cases(read(Builder()
                             .input("x", {"16", "32"}, onnx::TensorProto::UINT8)
                             .weights("w", {32, 48}, onnx::TensorProto::INT8)
                             .node("MatMulInteger", {"x", "w"}, "y")
                             .node("Cast", {"y"}, "z", {{"to", {onnx::TensorProto::FLOAT}}}),
                         {}, true)),
              ElementsAre("forward 1 × gemm m=16 n=48 k=32 dtype=s8"));
}

TEST_F(Onnx, TrainingStep) {
  const auto network = read(Builder()
                                .input("x", {"N", "3", "8", "8"})
                                .weights("w", {4, 3, 3, 3})
                                .node("Conv", {"x", "w"}, "a")  // no gradient of the input
                                .weights("v", {5, 4, 3, 3})
                                .node("Conv", {"a", "v"}, "b")
                                .node("Flatten", {"b"}, "c")
                                .weights("u", {10, 80})
                                .node("Gemm", {"c", "u"}, "d", {{"transB", {1}}}),
                            {.batch = 2, .dims = {}}, true);
  EXPECT_THAT(cases(network),
              ElementsAre("forward 1 × convolution n=2 c=3 h=8 w=8 k=4 r=3 s=3",
                          "backward_weights 1 × convolution n=2 c=3 h=8 w=8 k=4 r=3 s=3 pass=backward_weights",
                          "forward 1 × convolution n=2 c=4 h=6 w=6 k=5 r=3 s=3",
                          "backward_data 1 × convolution n=2 c=4 h=6 w=6 k=5 r=3 s=3 pass=backward_data",
                          "backward_weights 1 × convolution n=2 c=4 h=6 w=6 k=5 r=3 s=3 pass=backward_weights",
                          "forward 1 × gemm m=2 n=10 k=80 trans=nt", "backward_data 1 × gemm m=2 n=80 k=10",
                          "backward_weights 1 × gemm m=10 n=80 k=2 trans=tn"));
  EXPECT_EQ(network.nodes.back().op, "AdamW");
  EXPECT_DOUBLE_EQ(network.nodes.back().work[0].bytes, 28.0 * (4 * 27 + 5 * 36 + 800));
}

TEST_F(Onnx, OperatorsOnConstants) {
  const auto network = read(Builder()
                                .input("x", {"1", "4"})
                                .weights("w", {8, 4})
                                .node("Transpose", {"w"}, "t", {{"perm", {1, 0}}})
                                .node("MatMul", {"x", "t"}, "y"));
  EXPECT_THAT(network.nodes, SizeIs(1));
  EXPECT_THAT(cases(network), ElementsAre("forward 1 × gemm m=1 n=8 k=4"));
}

TEST_F(Onnx, UnknownOperators) {
  const auto network = read(Builder()
                                .input("x", {"2", "4"})
                                .weights("w", {4, 4})
                                .node("MatMul", {"x", "w"}, "y")
                                .node("Frobnicate", {"y"}, "z"));
  ASSERT_THAT(network.nodes, SizeIs(2));
  EXPECT_EQ(network.nodes[1].op, "Frobnicate");
  EXPECT_EQ(network.nodes[1].unknown, "not a known operator");
  EXPECT_THAT(error_of(Builder()
                           .input("x", {"2", "4"})
                           .node("Frobnicate", {"x"}, "y")
                           .weights("w", {4, 4})
                           .node("MatMul", {"y", "w"}, "z")),
              StartsWith("MatMul \"MatMul z\": the shape of \"y\" is not known"));
}

// How PyTorch exports F.pad(x, (1, 3)): pairs from the last axis on, reversed by a slice, then transposed.
TEST_F(Onnx, ComputedPadding) {
  const auto network = read(Builder()
                                .input("x", {"1", "1", "32"})
                                .numbers("pads", {1, 3, 0, 0, 0, 0})
                                .numbers("pairs", {-1, 2})
                                .node("Reshape", {"pads", "pairs"}, "a")
                                .numbers("start", {-1})
                                .numbers("end", {std::numeric_limits<std::int64_t>::min()})
                                .numbers("axis", {0})
                                .numbers("step", {-1})
                                .node("Slice", {"a", "start", "end", "axis", "step"}, "b")
                                .node("Transpose", {"b"}, "c", {{"perm", {1, 0}}})
                                .numbers("flat", {-1})
                                .node("Reshape", {"c", "flat"}, "d")
                                .node("Pad", {"x", "d"}, "y")
                                .weights("w", {4, 1, 3})
                                .node("Conv", {"y", "w"}, "z"));
  EXPECT_THAT(cases(network), ElementsAre("forward 1 × convolution n=1 c=1 h=1 w=36 k=4 r=1 s=3"));
}

TEST_F(Onnx, SliceToTheEnd) {
  const auto network = read(Builder()
                                .input("x", {"2", "3", "8"})
                                .node("Shape", {"x"}, "s")
                                .numbers("one", {1})
                                .numbers("end", {std::numeric_limits<std::int64_t>::max()})
                                .node("Slice", {"s", "one", "end"}, "t")
                                .node("Reshape", {"x", "minus"}, "m")
                                .numbers("minus", {-1})
                                .node("Slice", {"m", "one", "t1"}, "n")
                                .numbers("t1", {25})
                                .node("Reshape", {"n", "t"}, "y")
                                .weights("w", {8, 5})
                                .node("MatMul", {"y", "w"}, "z"));
  EXPECT_THAT(cases(network), ElementsAre("forward 1 × gemm m=3 n=5 k=8"));
}

// Both branches use the same names.
TEST_F(Onnx, LargerBranch) {
  onnx::ModelProto branches[2];
  ASSERT_TRUE(branches[0].ParseFromString(
      Builder().weights("w", {4, 8}).node("MatMul", {"x", "w"}, "y").node("Relu", {"y"}, "z").bytes()));
  ASSERT_TRUE(branches[1].ParseFromString(Builder().weights("w", {4, 9}).node("MatMul", {"x", "w"}, "y").bytes()));
  onnx::ModelProto model;
  ASSERT_TRUE(model.ParseFromString(Builder()
                                        .input("c", {}, onnx::TensorProto::BOOL)
                                        .input("x", {"2", "4"})
                                        .weights("v", {8, 3})
                                        .node("If", {"c"}, "a")
                                        .node("MatMul", {"a", "v"}, "out")
                                        .bytes()));
  for (int i = 0; i < 2; ++i) {
    auto* attribute = model.mutable_graph()->mutable_node(0)->add_attribute();
    attribute->set_name(i == 0 ? "then_branch" : "else_branch");
    attribute->set_type(onnx::AttributeProto::GRAPH);
    *attribute->mutable_g() = branches[i].graph();
  }
  EXPECT_THAT(cases(read(model.SerializeAsString())),
              ElementsAre("forward 1 × gemm m=2 n=8 k=4", "forward 1 × gemm m=2 n=3 k=8"));
}

TEST_F(Onnx, OpenDimensions) {
  const auto model =
      Builder().input("x", {"", "3", "height", "width"}).weights("w", {4, 3, 3, 3}).node("Conv", {"x", "w"}, "y");
  EXPECT_EQ(error_of(model), "dimensions of its inputs are open: add --dim height=N --dim width=N");
  EXPECT_EQ(error_of(model, {.batch = {}, .dims = {{"hight", 3}}}),
            "--dim hight: its inputs have no such open dimension; accepted: height, width, x.0");
  EXPECT_THAT(cases(read(model, {.batch = {}, .dims = {{"height", 10}, {"width", 12}}})),
              ElementsAre("forward 1 × convolution n=1 c=3 h=10 w=12 k=4 r=3 s=3"));
  EXPECT_EQ(read(model, {.batch = 5, .dims = {{"height", 10}, {"width", 12}}}).batch, 5);
  EXPECT_THAT(error_of(Builder().input("x", {"1", "4"}).weights("w", {4, 4}).node("MatMul", {"x", "w"}, "y"),
                       {.batch = 8, .dims = {}}),
              StartsWith("--batch 8: the batch size of this model is fixed at 1"));
}

// Found by ci/fuzz/onnx: libonnx throws outside the inference of shapes too.
TEST_F(Onnx, ValuesElsewhere) {
  onnx::ModelProto model;
  model.ParseFromString(Builder()
                            .input("x", {"1", "4"})
                            .numbers("s", {2, 2})
                            .node("Reshape", {"x", "s"}, "y")
                            .weights("w", {2, 2})
                            .node("MatMul", {"y", "w"}, "z")
                            .bytes());
  model.mutable_graph()->mutable_initializer(0)->set_data_location(onnx::TensorProto::EXTERNAL);
  EXPECT_THAT(error_of(model.SerializeAsString()), HasSubstr("libonnx cannot"));
}

TEST_F(Onnx, DamagedFiles) {
  const std::string bytes =
      Builder().input("x", {"1", "4"}).weights("w", {4, 4}).node("MatMul", {"x", "w"}, "y").bytes();
  EXPECT_EQ(error_of(std::string()), "empty; accepted: an ONNX model");
  EXPECT_THAT(error_of(std::string("hello")), HasSubstr("not an ONNX model, or truncated"));
  EXPECT_THAT(error_of(std::string(100'000, '\0')), HasSubstr("not an ONNX model, or truncated"));
  for (std::size_t size = 1; size < bytes.size(); ++size) {
    try {
      read(bytes.substr(0, size));
    } catch (const CaseError&) {
    }
  }
  std::filesystem::create_directory(folder_ / "folder.onnx");
  EXPECT_THROW(read_network((folder_ / "folder.onnx").string(), {}, false), CaseError);
  EXPECT_THROW(read_network((folder_ / "missing.onnx").string(), {}, false), CaseError);
  std::filesystem::resize_file(file_, 3ULL << 30);
  EXPECT_THROW(read_network(file_.string(), {}, false), CaseError);
}

TEST_F(Onnx, HostileModels) {
  const auto convolution = [](const Shape& weights, const std::map<std::string, Shape>& attributes) {
    return Builder().input("x", {"1", "3", "8", "8"}).weights("w", weights).node("Conv", {"x", "w"}, "y", attributes);
  };
  EXPECT_EQ(error_of(convolution({4, 3, 3, 3}, {{"strides", {0, 0}}})), "Conv \"Conv y\": strides must be positive");
  EXPECT_EQ(error_of(convolution({4, 3, 3, 3}, {{"group", {0}}})), "Conv \"Conv y\": group must be positive");
  EXPECT_THAT(error_of(convolution({4, -3, 3, 3}, {})), HasSubstr("has the dimension -3"));
  EXPECT_THAT(error_of(convolution({4, 1LL << 40, 3, 3}, {})), HasSubstr("has the dimension 1099511627776"));
  EXPECT_THAT(error_of(convolution({1 << 30, 1 << 30, 3, 3}, {})), HasSubstr("elements; accepted"));
  EXPECT_THAT(error_of(convolution({4, 3, 99, 3}, {})), HasSubstr("tensor \"y\" has the dimension -90"));
  EXPECT_THAT(error_of(Builder().input("x", {"4", "4"}).node("Add", {"x", "z"}, "y").node("Relu", {"y"}, "z")),
              HasSubstr("its input \"z\" is not computed before it"));
  EXPECT_THAT(error_of(Builder().input("x", {"4", "4"}).node("Relu", {"x"}, "y").node("Relu", {"x"}, "y")),
              HasSubstr("its output \"y\" exists already"));
}

}  // namespace
}  // namespace whygpu::networks
