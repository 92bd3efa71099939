#include "seqguard/evaluation/sequence_map.hpp"

#ifdef SEQGUARD_HAS_EIGEN
#define EIGEN_DONT_PARALLELIZE
#include <Eigen/Eigenvalues>
#endif
#include <algorithm>
#include <cmath>
#include <numeric>
#include <string_view>
#include <unordered_map>

#include "core/secret_hash.hpp"
#include "evaluation/neighbour_map.hpp"
#include "seqguard/evaluation/exploration.hpp"

namespace seqguard {
inline namespace v0 {
#ifdef SEQGUARD_HAS_EIGEN
namespace {

constexpr std::size_t k_values = 60, k_words = 3;

using Places = std::unordered_map<std::string_view, std::size_t, SecretHash>;

/// Square roots of the shares of the values in sequence s.
Eigen::VectorXd features(const Dataset& data, std::size_t s, const Places& places) {
  Eigen::VectorXd row = Eigen::VectorXd::Zero(static_cast<Eigen::Index>(places.size()));
  const ColumnView values = data.view(s).columns[data.primary()];
  for (std::size_t i = 0; i < values.size(); ++i)
    if (const auto place = places.find(values.text(i)); place != places.end())
      row[static_cast<Eigen::Index>(place->second)] += 1;
  return (row / static_cast<double>(std::max<std::size_t>(1, values.size()))).cwiseSqrt();
}

MapAxis name_axis(const Eigen::VectorXd& direction, double explained, const std::vector<CountedValue>& values) {
  MapAxis axis{explained, {}, {}};
  std::vector<Eigen::Index> order(values.size());
  std::iota(order.begin(), order.end(), Eigen::Index{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](auto a, auto b) { return std::abs(direction[a]) > std::abs(direction[b]); });
  for (const Eigen::Index i : order) {
    auto& words = direction[i] > 0 ? axis.more : axis.fewer;
    // Below a third of the strongest a value hardly moves a point.
    if (words.size() < k_words && 3 * std::abs(direction[i]) >= std::abs(direction[order[0]]))
      words.push_back(values[static_cast<std::size_t>(i)].value);
  }
  return axis;
}

}  // namespace

std::optional<SequenceMap> map_sequences(const Dataset& data, const MapOptions& options, Executor& executor) {
  const std::vector<CountedValue> values = top_values(data, data.primary(), k_values);
  const std::size_t n = data.sequences().size();
  if (n < 3 || values.size() < 2) return std::nullopt;
  Places places;
  for (const CountedValue& value : values) places.emplace(value.value, places.size());
  const auto width = static_cast<Eigen::Index>(values.size());
  Eigen::VectorXd mean = Eigen::VectorXd::Zero(width);
  Eigen::MatrixXd products = Eigen::MatrixXd::Zero(width, width);
  for (std::size_t s = 0; s < n; ++s) {
    const Eigen::VectorXd row = features(data, s, places);
    mean += row;
    products.selfadjointView<Eigen::Lower>().rankUpdate(row);
  }
  mean /= static_cast<double>(n);
  products = products.selfadjointView<Eigen::Lower>();
  const Eigen::MatrixXd covariance = products / static_cast<double>(n) - mean * mean.transpose();
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(covariance);  // eigenvalues ascend
  const double total = std::max(covariance.trace(), 1e-300);
  SequenceMap map;
  std::array<Eigen::VectorXd, 2> directions;
  for (Eigen::Index k = 0; k < 2; ++k) {
    Eigen::VectorXd direction = solver.eigenvectors().col(width - 1 - k);
    Eigen::Index strongest = 0;
    direction.cwiseAbs().maxCoeff(&strongest);
    if (direction[strongest] < 0) direction = -direction;
    const auto place = static_cast<std::size_t>(k);
    map.axes[place] = name_axis(direction, std::max(0.0, solver.eigenvalues()[width - 1 - k]) / total, values);
    directions[place] = direction;
  }
  std::vector<double> rows;  // [points, values]
  const std::size_t points = std::min(n, options.most_points);
  for (std::size_t p = 0; p < points; ++p) {
    const std::size_t s = p * n / points;
    const Eigen::VectorXd row = features(data, s, places) - mean;
    map.points.push_back({s, row.dot(directions[0]), row.dot(directions[1])});
    rows.insert(rows.end(), row.begin(), row.end());
  }
  if (options.neighbours) map.neighbours = neighbour_map(rows, values.size(), map.points, executor);
  return map;
}
#else
std::optional<SequenceMap> map_sequences(const Dataset&, const MapOptions&, Executor&) { return std::nullopt; }
#endif

}  // namespace v0
}  // namespace seqguard
