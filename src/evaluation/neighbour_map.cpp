#include "evaluation/neighbour_map.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

namespace seqguard {
inline namespace v0 {
namespace {

// van der Maaten and Hinton (2008), with the learning rate of Belkina et al. (2019).
constexpr std::size_t k_steps = 400, k_exaggerated_steps = 100;
constexpr double k_perplexity = 30, k_exaggeration = 12;

struct Neighbour {
  std::size_t point = 0;
  double weight = 0;
};
using Neighbours = std::vector<std::vector<Neighbour>>;

double squared_distance(std::span<const double> rows, std::size_t width, std::size_t i, std::size_t j) {
  double sum = 0;
  for (std::size_t k = 0; k < width; ++k) {
    const double difference = rows[i * width + k] - rows[j * width + k];
    sum += difference * difference;
  }
  return sum;
}

/// Turns squared distances (ascending) into probabilities exp(-beta d), beta such that their entropy is the logarithm
/// of the perplexity.
void set_weights(std::vector<Neighbour>& neighbours, double perplexity) {
  const std::vector<Neighbour> distances = neighbours;
  double beta = 1, low = 0, high = HUGE_VAL;
  for (int step = 0; step < 60; ++step) {
    double sum = 0, weighted = 0;
    for (std::size_t k = 0; k < distances.size(); ++k) {
      const double above = distances[k].weight - distances[0].weight;
      neighbours[k].weight = std::exp(-beta * above);
      sum += neighbours[k].weight;
      weighted += above * neighbours[k].weight;
    }
    for (Neighbour& neighbour : neighbours) neighbour.weight /= sum;
    const double entropy = std::log(sum) + beta * weighted / sum;
    if (std::abs(entropy - std::log(perplexity)) < 1e-5) return;
    (entropy > std::log(perplexity) ? low : high) = beta;
    beta = std::isinf(high) ? 2 * beta : (low + high) / 2;
  }
}

/// p(j | i) of the nearest rows of each row, made symmetric; all weights together are 1.
Neighbours joint_weights(std::span<const double> rows, std::size_t width, std::size_t n, Executor& executor) {
  const double perplexity = std::min(k_perplexity, static_cast<double>(n - 1) / 3);
  const std::size_t count = std::min(n - 1, static_cast<std::size_t>(3 * perplexity));
  Neighbours nearest(n);
  executor.run(n, [&](std::size_t i, std::size_t) {
    std::vector<Neighbour> all;
    for (std::size_t j = 0; j < n; ++j)
      if (j != i) all.push_back({j, squared_distance(rows, width, i, j)});
    std::partial_sort(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(count), all.end(),
                      [](const Neighbour& a, const Neighbour& b) {
                        return a.weight != b.weight ? a.weight < b.weight : a.point < b.point;
                      });
    all.resize(count);
    set_weights(all, perplexity);
    nearest[i] = std::move(all);
  });
  std::vector<std::map<std::size_t, double>> sums(n);
  const double share = 1 / (2 * static_cast<double>(n));
  for (std::size_t i = 0; i < n; ++i)
    for (const Neighbour& neighbour : nearest[i]) {
      sums[i][neighbour.point] += share * neighbour.weight;
      sums[neighbour.point][i] += share * neighbour.weight;
    }
  for (std::size_t i = 0; i < n; ++i) {
    nearest[i].clear();
    for (const auto& [point, weight] : sums[i]) nearest[i].push_back({point, weight});
  }
  return nearest;
}

/// Positions and how they move.
class Layout {
 public:
  Layout(std::span<const MapPoint> start, const Neighbours& neighbours)
      : neighbours_(neighbours),
        x_(start.size()),
        y_(start.size()),
        move_x_(x_),
        move_y_(x_),
        pull_(4 * x_.size()),
        sums_(x_) {
    double variance = 0;
    for (const MapPoint& point : start) variance += point.x * point.x / static_cast<double>(start.size());
    const double scale = variance > 0 ? 1e-4 / std::sqrt(variance) : 1;
    for (std::size_t i = 0; i < start.size(); ++i) {
      // Equal rows would stay on one point for ever: a hair of distance by their number.
      x_[i] = scale * start[i].x + 1e-6 * std::cos(static_cast<double>(i));
      y_[i] = scale * start[i].y + 1e-6 * std::sin(static_cast<double>(i));
    }
  }

  /// Gradient of the Kullback-Leibler divergence: 4 sum_j (exaggeration p_ij - q_ij) (y_i - y_j) / (1 + |y_i - y_j|^2).
  void step(double exaggeration, double momentum, double rate, Executor& executor) {
    const std::size_t n = x_.size();
    executor.run(n, [&](std::size_t i, std::size_t) { forces_of(i, exaggeration); });
    double total = 0;
    for (const double sum : sums_) total += sum;
    for (std::size_t i = 0; i < n; ++i) {
      move_x_[i] = momentum * move_x_[i] - 4 * rate * (pull_[4 * i] - pull_[4 * i + 2] / total);
      move_y_[i] = momentum * move_y_[i] - 4 * rate * (pull_[4 * i + 1] - pull_[4 * i + 3] / total);
    }
    for (std::size_t i = 0; i < n; ++i) {
      x_[i] += move_x_[i];
      y_[i] += move_y_[i];
    }
  }
  double x(std::size_t i) const { return x_[i]; }
  double y(std::size_t i) const { return y_[i]; }

 private:
  /// pull_: attraction (x, y) by neighbours, repulsion (x, y) by all, not yet divided by the sum of all kernels.
  void forces_of(std::size_t i, double exaggeration) {
    double ax = 0, ay = 0, rx = 0, ry = 0, sum = 0;
    for (const Neighbour& neighbour : neighbours_[i]) {
      const double dx = x_[i] - x_[neighbour.point], dy = y_[i] - y_[neighbour.point];
      const double weight = exaggeration * neighbour.weight / (1 + dx * dx + dy * dy);
      ax += weight * dx;
      ay += weight * dy;
    }
    for (std::size_t j = 0; j < x_.size(); ++j) {
      const double dx = x_[i] - x_[j], dy = y_[i] - y_[j], kernel = 1 / (1 + dx * dx + dy * dy);
      sum += kernel;
      rx += kernel * kernel * dx;
      ry += kernel * kernel * dy;
    }
    pull_[4 * i] = ax;
    pull_[4 * i + 1] = ay;
    pull_[4 * i + 2] = rx;
    pull_[4 * i + 3] = ry;
    sums_[i] = sum - 1;  // without itself
  }

  const Neighbours& neighbours_;
  std::vector<double> x_, y_, move_x_, move_y_, pull_, sums_;
};

}  // namespace

std::vector<MapPoint> neighbour_map(std::span<const double> rows, std::size_t width, std::span<const MapPoint> start,
                                    Executor& executor) {
  constexpr std::size_t k_least = 10;
  std::vector<MapPoint> result;
  if (start.size() < k_least) return result;
  const Neighbours neighbours = joint_weights(rows, width, start.size(), executor);
  Layout layout(start, neighbours);
  const double rate = std::max(50.0, static_cast<double>(start.size()) / k_exaggeration / 4);
  for (std::size_t step = 0; step < k_steps; ++step) {
    const bool early = step < k_exaggerated_steps;
    layout.step(early ? k_exaggeration : 1, early ? 0.5 : 0.8, rate, executor);
  }
  for (std::size_t i = 0; i < start.size(); ++i) result.push_back({start[i].sequence, layout.x(i), layout.y(i)});
  return result;
}

}  // namespace v0
}  // namespace seqguard
