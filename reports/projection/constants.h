// The constants of the model and the widths of its bands: data, in constants.json.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace whygpu::projection {

struct Constant {
  std::string name;
  double value = 0;
  std::string unit, meaning, source;
  bool fitted = false;
  double start = 0;  // of the fit
};

// A band is [seconds · low, seconds · high].
struct Band {
  double low = 1, high = 1;
};

class Constants {
 public:
  // The built-in file. Throws std::runtime_error for an invalid one, naming the location.
  static const Constants& standard();
  static Constants parse(std::string_view json, const std::string& name);
  std::string json() const;

  double operator[](std::string_view name) const { return all_[index_of(name)].value; }
  void set(std::string_view name, double value) { all_[index_of(name)].value = value; }
  // Throws std::out_of_range.
  std::size_t index_of(std::string_view name) const;

  const std::vector<Constant>& all() const { return all_; }

  // By kind of problem, model.h's band_class().
  std::map<std::string, Band> bands;

 private:
  std::vector<Constant> all_;
};

}  // namespace whygpu::projection
