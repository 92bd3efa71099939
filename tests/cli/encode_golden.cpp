// encode_golden input EXPECTED: writes the input of a golden file as JSON lines.
// encode_golden check EXPECTED MASK KIND OUTPUT: compares what `seqguard encode` wrote with the golden tensor.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "seqguard/core/error.hpp"
#include "seqguard/model/safetensors.hpp"

namespace {

using seqguard::Dtype;

int write_input(const seqguard::SafetensorsFile& file) {
  const auto ids = file.read_vector<std::int64_t>("input_ids", Dtype::i64),
             types = file.read_vector<std::int64_t>("token_type_ids", Dtype::i64),
             offsets = file.read_vector<std::int64_t>("offsets", Dtype::i64);
  for (std::size_t b = 0; b + 1 < offsets.size(); ++b) {
    const auto slice = [&](const std::vector<std::int64_t>& values) {
      return std::vector<std::int64_t>(values.begin() + offsets[b], values.begin() + offsets[b + 1]);
    };
    std::cout << nlohmann::json{{"input_ids", slice(ids)}, {"token_type_ids", slice(types)}}.dump() << "\n";
  }
  return 0;
}

void append(const nlohmann::json& value, std::vector<float>& out) {
  if (value.is_array())
    for (const auto& item : value) append(item, out);
  else
    out.push_back(value.get<float>());
}

/// The bound of the issue: 2e-5 of the largest expected number.
int check(const seqguard::SafetensorsFile& file, const std::string& mask, const std::string& kind,
          const std::string& output) {
  const std::string name = (mask == "causal" ? "causal." : "") + kind;
  const auto expected = file.read_vector<float>(name, Dtype::f32);
  std::vector<float> found;
  std::ifstream lines(output);
  for (std::string line; std::getline(lines, line);) append(nlohmann::json::parse(line).at(kind), found);
  if (found.size() != expected.size()) {
    std::cout << name << ": " << found.size() << " numbers instead of " << expected.size() << "\n";
    return 1;
  }
  float largest = 0, difference = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    largest = std::max(largest, std::abs(expected[i]));
    difference = std::max(difference, std::abs(expected[i] - found[i]));
  }
  if (difference <= 2e-5f * largest) return 0;
  std::cout << name << ": differs by " << difference << ", largest number " << largest << "\n";
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    const seqguard::SafetensorsFile file(arguments.at(1));
    if (arguments.at(0) == "input") return write_input(file);
    return check(file, arguments.at(2), arguments.at(3), arguments.at(4));
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
}
