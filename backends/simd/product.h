// Products of matrices of any size, out of tiles.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "backends/simd/blocking.h"
#include "backends/simd/kernels.h"
#include "backends/simd/panels.h"
#include "backends/simd/shape.h"
#include "backends/simd/shares.h"
#include "backends/simd/streaming.h"
#include "backends/simd/tail.h"
#include "whygpu/host_device.h"

namespace whygpu::simd {

struct Epilogue;

// How a product is put together from tiles.
enum class Strategy {
  in_place,  // A and B are read where they are
  packed,    // B is copied, block by block, in the order in which tiles read it, and A unless it is read once or twice
  streamed,  // few rows of A: each thread copies blocks of B and uses them at once
  dots,      // few rows of A, B stored n×k: dot products along k
};

struct Method {
  Strategy strategy = Strategy::packed;
  int rows = kMaxRows;               // of a tile, at most; fewer only in place
  bool tail_apart = false;           // the last columns of C, where that is faster
  bool a_in_place = false;           // of a packed B, where that is faster
  bool b_packed_beforehand = false;  // it will run on packed B only
};

// One product, ready to run any number of times, on the threads it was made for.
class Product {
 public:
  // Runs on `threads`, which must outlive it; null: on its caller's thread.
  Product(const Shape& whole, const Kernels& kernels, Method method, HostThreads* threads);

  static Strategy best_strategy(const Shape& shape, const Kernels& kernels);
  // Whether B comes from memory and is used for few rows: packed beforehand, it is read from front to back.
  static bool streams_b(const Shape& shape, const Kernels& kernels, Strategy strategy);
  // Why this strategy cannot compute the product; empty if it can.
  static std::string obstacle(const Shape& shape, const Kernels& kernels, Strategy strategy);

  // With an epilogue: of kernels that have one, a residual with rows as far apart as those of C.
  void run(const std::byte* a, const std::byte* b, std::byte* c, const Epilogue* epilogue = nullptr);

  // The whole product, if it is a few tiles on one thread. Otherwise empty.
  class PreparedTiles {
   public:
    struct Place {
      TileKernel kernel;
      Tile tile;
      std::int64_t a, b, c;  // bytes from the first value of each operand
    };
    void add(const Place& place) { tiles_.push_back(place); }
    bool empty() const { return tiles_.empty(); }
    std::size_t count() const { return tiles_.size(); }
    void run(const std::byte* a, const std::byte* b, std::byte* c) {
      for (Place& at : tiles_) {
        at.tile.a = at.tile.next = a + at.a;
        at.tile.b = b + at.b;
        at.tile.c = c + at.c;
        at.kernel.run(at.tile);
      }
    }

   private:
    std::vector<Place> tiles_;
  };
  const PreparedTiles& prepared_tiles() const { return tiles_; }

  // Where both operands are packed, B may be packed once: `packed` has packed_b_bytes(), which are 0 otherwise.
  std::size_t packed_b_bytes() const;
  void pack_all_of_b(const std::byte* b, std::byte* packed);
  void run_on_packed_b(const std::byte* a, const std::byte* packed, std::byte* c);

  int threads() const;           // that have work
  std::string describe() const;  // tiles and how operands are read: "12×32 tiles, A and B read in place"

 private:
  static constexpr std::int64_t kThinTiles = 2, kNarrowPanels = 2, kPreparedTiles = 8;

  struct Operands {
    const std::byte *a, *b;
    std::byte* c;
    const std::byte* tail = nullptr;  // the last columns of B as rows
    const Epilogue* epilogue = nullptr;
    bool b_is_packed = false;
  };
  struct Part {
    std::int64_t row, rows, column, columns;  // of C
  };

  Tile tile_in_place(std::int64_t first_k, std::int64_t ks) const;
  void multiply_in_place(const Operands& operands, const Part& part, std::int64_t first_k, std::int64_t ks) const;
  template <class Visit>
  void each_tile(const Part& part, const Visit& visit) const;
  template <class Visit>
  void each_lower_tile(const Part& part, const Visit& visit) const;
  void prepare_tiles();
  static bool is_thin(const Shape& shape, const Kernels& kernels) { return shape.m <= kThinTiles * kernels.rows; }
  bool has_wide_tiles() const { return thin_ || whole_rows_; }
  static bool is_small(const Shape& shape, const Kernels& kernels);
  static bool reads_a_faster(const Shape& shape, const Kernels& kernels);
  static bool is_narrow(const Shape& shape, const Kernels& kernels) {
    return shape.n <= kNarrowPanels * kernels.panel_columns();
  }
  void finish(const Operands& operands, const Part& part) const;
  void multiply_tail(const Operands& operands, int thread) const;
  std::string describe_all_but_tail() const;
  std::int64_t next_unit(std::int64_t units, int thread, std::int64_t last);
  void run_in_place(const Operands& operands);
  void share_few_rows();
  void choose_streaming();
  void run_few_rows(const Operands& operands);
  void run_thin(const Operands& operands, std::int64_t first_column, std::int64_t last_column, std::int64_t k) const;
  void run_split(const Operands& operands);
  void run_packed(const Operands& operands);
  void run_streamed(const Operands& operands);
  void run_dots(const Operands& operands, std::int64_t first_column, std::int64_t last_column) const;

  RowBlock pack_a(const std::byte* a, std::int64_t first_row, std::int64_t rows, std::int64_t first_k, std::int64_t k,
                  std::byte* out) const;
  RowBlock rows_of_a(const std::byte* a, std::int64_t first_row, std::int64_t rows, std::int64_t first_k,
                     std::int64_t k, int part) const;
  void pack_b(const std::byte* b, std::int64_t first_column, std::int64_t first_k, std::int64_t k,
              std::byte* out) const;
  void pack_panels(const std::byte* b, std::atomic<std::int64_t>& next, std::int64_t first_column, std::int64_t panels,
                   std::int64_t first_k, std::int64_t ks, std::byte* out);
  void multiply(const Operands& operands, const RowBlock& block, std::int64_t first_row, std::int64_t rows,
                const std::byte* panel, std::int64_t first_column, std::int64_t first_k, std::int64_t k) const;
  // Calls task(thread) on all threads.
  template <class Task>
  void on_all(const Task& task) {
    if (parts_ == 1) return task(0);
    threads_->run(parts_, std::ref(task));
  }

  const Kernels& kernels_;
  std::optional<TailColumns> tail_;
  Shape shape_;  // without the tail
  Strategy strategy_;
  int tile_rows_;
  HostThreads* threads_;
  int parts_ = 1;  // threads with work
  Blocking blocking_;
  Streaming streaming_;
  PreparedTiles tiles_;
  bool thin_ = false, narrow_ = false, whole_rows_ = false, copies_a_ = true, splits_k_ = false;
  bool steals_ = false;     // threads take what others have left
  bool one_strip_ = false;  // of columns, of a B from memory, and few rows of A
  std::size_t panel_bytes_ = 0;
  Buffer panels_;                     // packed B
  std::vector<Buffer> partial_sums_;  // splits_k_: of each thread but the first
  Buffer tail_rows_;                  // the tail's columns of B
  std::vector<Buffer> row_blocks_;    // packed A, of each thread; streamed: of each block of k
  std::vector<RowBlock> rows_;        // streamed: of each block of k
  std::vector<Buffer> own_panels_;    // streamed: packed B, of each thread
  Shares shares_;
};

}  // namespace whygpu::simd
