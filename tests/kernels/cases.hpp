// What the kernel tests have in common: the tables under test and the inputs.
#pragma once

#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include "seqguard/core/isa.hpp"
#include "seqguard/core/random.hpp"
#include "seqguard/kernels/kernel_table.hpp"

namespace kernel_cases {

/// The table under test: CTest runs each test once per instruction set, through SEQGUARD_FORCE_ISA.
inline const seqguard::KernelTable<float>& kernels() { return seqguard::kernels_for(seqguard::default_isa()); }

/// Standard normals times `magnitude`, rounded to float so that both tables get the same numbers.
inline std::vector<double> random_values(std::size_t n, double magnitude, std::uint64_t seed) {
  seqguard::Random random(seed);
  std::vector<double> values(n);
  for (double& value : values) value = static_cast<float>(magnitude * random.normal());
  return values;
}

enum class Kind { ordinary, wide, huge, tiny, denormal, equal, shifted };

/// One input of the element-wise and row kernels.
struct Case {
  const char* name;
  std::size_t rows, cols, offset;  ///< offset: floats beyond a 64-byte boundary
  Kind kind;

  std::size_t size() const { return rows * cols; }
  std::string label(const char* kernel) const {
    return std::string(kernel) + " case=" + name + " rows=" + std::to_string(rows) + " cols=" + std::to_string(cols) +
           " offset=" + std::to_string(offset);
  }
  std::vector<double> values(std::uint64_t seed) const {
    std::vector<double> x = random_values(size(), 1, seed);
    for (std::size_t i = 0; i < x.size(); ++i) {
      switch (kind) {
        case Kind::ordinary:
          break;
        case Kind::wide:
          x[i] = static_cast<float>(x[i] * std::pow(10.0, static_cast<double>(i % 7) - 4));
          break;
        case Kind::huge:
          x[i] = static_cast<float>(x[i] * 1e15);
          break;
        case Kind::tiny:
          x[i] = static_cast<float>(x[i] * 1e-30);
          break;
        case Kind::denormal:
          x[i] = static_cast<float>(x[i] * 1e-40);
          break;
        case Kind::equal:
          x[i] = 3.0F;
          break;
        case Kind::shifted:
          x[i] = static_cast<float>(x[i] + 100);
          break;
      }
    }
    return x;
  }
};

/// Columns 1, primes, one below, at and above each vector width (4, 8, 16) and its double, widths of real models; every
/// kind of number.
inline const std::vector<Case>& cases() {
  static const std::vector<Case> all = [] {
    std::vector<Case> list;
    for (const std::size_t cols : {1, 2, 3, 4, 5, 7, 8, 9, 12, 13, 15, 16, 17, 20, 31, 32, 33, 64, 97, 257})
      list.push_back({"shape", 3, cols, cols % 5, Kind::ordinary});
    list.push_back({"one element", 1, 1, 1, Kind::ordinary});
    list.push_back({"many rows", 131, 12, 1, Kind::ordinary});
    list.push_back({"wide values", 5, 61, 2, Kind::wide});
    list.push_back({"huge values", 5, 61, 3, Kind::huge});
    list.push_back({"tiny values", 5, 61, 4, Kind::tiny});
    list.push_back({"denormal values", 5, 61, 1, Kind::denormal});
    list.push_back({"equal values", 5, 61, 0, Kind::equal});
    list.push_back({"mean 100", 5, 64, 1, Kind::shifted});
    return list;
  }();
  return all;
}

}  // namespace kernel_cases
