#include "seqguard/detection/label_classifier.hpp"

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <iterator>
#include <numeric>
#include <string>
#include <utility>

#include "seqguard/core/error.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

/// Adds the mean of the members' logits of scaled rows.
void add_member_logits(const LabelClassifier& classifier, const KernelTable<float>& kernels, const SparseRows<float>& x,
                       std::span<const std::uint32_t> rows, FeatureScratch<float>& scratch, std::span<float> out) {
  for (const FeatureNetwork<float>& network : classifier.members) {
    feature_network_forward<float>(kernels, network, x, rows, 0, 0, scratch);
    for (std::size_t i = 0; i < out.size(); ++i)
      out[i] += scratch.logits[i] / static_cast<float>(classifier.members.size());
  }
}

/// The rows with the features from `first` on alone.
SparseRows<float> without_counts(const SparseRows<float>& x, std::size_t first) {
  SparseRows<float> result;
  result.columns = x.columns;
  for (std::size_t r = 0; r < x.rows(); ++r) {
    for (std::size_t i = x.offsets[r]; i < x.offsets[r + 1]; ++i)
      if (x.column[i] >= first) result.append(x.column[i], x.value[i]);
    result.end_row();
  }
  return result;
}

}  // namespace

void LabelScratch::reserve(const LabelFeatures& features_of, const EventSchema& schema, std::size_t hidden,
                           std::size_t outputs, std::size_t max_events) {
  const std::size_t others = schema.columns.size() * max_events;
  features.keys.reserve(std::max(max_events + 1, others));
  features.surprises.reserve(max_events);
  const std::size_t most = std::min(max_events, features_of.unigrams) + std::min(max_events + 1, features_of.bigrams) +
                           std::min(others, features_of.columns) + features_of.dense;
  row.offsets.reserve(2);
  row.column.reserve(most);
  row.value.reserve(most);
  network.before.reserve(hidden);
  network.after.reserve(hidden);
  network.logits.reserve(outputs);
}

void LabelClassifier::logits(const KernelTable<float>& kernels, SparseRows<float>& x, std::vector<std::uint32_t>& order,
                             FeatureScratch<float>& scratch, std::span<float> out) const {
  scale.apply(x);
  order.resize(x.rows());
  std::iota(order.begin(), order.end(), 0U);
  std::fill(out.begin(), out.end(), 0.0F);
  add_member_logits(*this, kernels, x, order, scratch, out);
}

LabelClassifier LabelClassifier::of_members(std::size_t first, std::size_t count) const {
  const auto begin = members.begin() + static_cast<std::ptrdiff_t>(first);
  return {classes, features, scale, {begin, begin + static_cast<std::ptrdiff_t>(count)}, temperature};
}

void LabelClassifier::calibrate(const LogitScale& by) {
  temperature = by.temperature;
  // All members have it, so that their mean does.
  for (FeatureNetwork<float>& network : members)
    for (std::size_t o = outputs() == 1 ? 0 : 1; o < outputs(); ++o)
      network.values[network.second_bias() + o] += static_cast<float>(by.shift);
}

void LabelClassifier::logits(const KernelTable<float>& kernels, const EventSchema& schema, const EncodedEvents& events,
                             const Surprise& surprise, std::span<const double> views, LabelScratch& scratch,
                             std::span<float> out) const {
  scratch.row.columns = features.size();
  scratch.row.offsets.assign(1, 0);
  scratch.row.column.clear();
  scratch.row.value.clear();
  append_label_features(features, schema, events, surprise, views, scratch.features, scratch.row);
  scale.apply(scratch.row);
  constexpr std::uint32_t k_only[] = {0};
  std::fill(out.begin(), out.end(), 0.0F);
  add_member_logits(*this, kernels, scratch.row, k_only, scratch.network, out);
}

void LabelClassifier::probabilities(std::span<const float> logits, std::span<double> out) const {
  const auto scaled = [&](std::size_t i) { return static_cast<double>(logits[i]) / temperature; };
  if (loss() == HeadLoss::binary) {
    out[1] = 1 / (1 + std::exp(-scaled(0)));
    out[0] = 1 - out[1];
    return;
  }
  const double largest = static_cast<double>(*std::max_element(logits.begin(), logits.end())) / temperature;
  double total = 0;
  for (std::size_t c = 0; c < out.size(); ++c) total += out[c] = std::exp(scaled(c) - largest);
  for (double& probability : out) probability /= total;
}

void LabelClassifier::save(ProfileWriter& writer) const {
  writer.scope("labels");
  writer.write("slots", std::vector<std::uint64_t>{features.unigrams, features.bigrams, features.columns});
  writer.write("temperature", std::vector<double>{temperature});
  writer.write("shift", scale.shift);
  writer.write("scale", scale.scale);
  writer.write("members", std::vector<std::uint64_t>{members.size(), members.front().hidden});
  for (std::size_t m = 0; m < members.size(); ++m) writer.write("network." + std::to_string(m), members[m].values);
}

LabelClassifier LabelClassifier::load(const SafetensorsFile& file, std::vector<std::string> classes,
                                      const LabelFeatures& features) {
  const ProfileReader reader(file, "labels");
  constexpr std::size_t k_most_slots = std::size_t{1} << 24;
  const auto sizes = [&](std::string_view name, std::initializer_list<std::size_t> most) {
    const std::vector<std::uint64_t> found = reader.u64(name);
    reader.require_size(name, found.size(), most.size());
    for (std::size_t i = 0; i < found.size(); ++i)
      reader.require(found[i] >= 1 && found[i] <= most.begin()[i], name, "a number out of its range");
    return found;
  };
  LabelClassifier result;
  result.classes = std::move(classes);
  const auto slots = sizes("slots", {k_most_slots, k_most_slots, k_most_slots}),
             members = sizes("members", {k_most_label_networks, k_most_label_hidden});
  result.features = {slots[0], slots[1], slots[2], features.dense};
  const std::vector<double> temperature = reader.f64("temperature");
  reader.require(temperature.size() == 1 && temperature[0] > 0, "temperature", "not one number above 0");
  result.temperature = temperature[0];
  result.scale = {reader.f32("shift"), reader.f32("scale")};
  reader.require_size("shift", result.scale.shift.size(), result.features.size());
  reader.require_size("scale", result.scale.scale.size(), result.features.size());
  for (std::size_t m = 0; m < members[0]; ++m) {
    const std::string name = "network." + std::to_string(m);
    FeatureNetwork<float> network;
    network.columns = result.features.size();
    network.hidden = members[1];
    network.outputs = result.outputs();
    network.values = reader.f32(name);
    reader.require_size(name, network.values.size(), network.second_bias() + network.outputs);
    result.members.push_back(std::move(network));
  }
  return result;
}

std::vector<float> train_label_classifier(LabelClassifier& classifier, const KernelTable<float>& kernels,
                                          const SparseRows<float>& x, std::span<const std::size_t> labels,
                                          std::span<const std::size_t> folds, const LabelClassifierOptions& options,
                                          Executor& executor, FunctionRef<void(std::size_t)> before_fold) {
  const std::size_t outputs = classifier.outputs(), counts = classifier.features.size() - classifier.features.dense;
  std::vector<std::uint32_t> rows(x.rows());
  std::iota(rows.begin(), rows.end(), 0u);
  classifier.scale = FeatureScale<float>::fit(x, rows);
  SparseRows<float> scaled = x;
  classifier.scale.apply(scaled);
  const SparseRows<float> dense = without_counts(scaled, counts);
  std::vector<float> targets(x.rows() * outputs), out_of_fold(x.rows() * outputs);
  for (std::size_t r = 0; r < x.rows(); ++r) {
    if (outputs > 1)
      targets[r * outputs + labels[r]] = 1.0F;
    else
      targets[r] = labels[r] == 1 ? 1.0F : 0.0F;
  }
  classifier.members.clear();
  for (std::size_t f = 0; f <= *std::max_element(folds.begin(), folds.end()); ++f) {
    before_fold(f);
    std::vector<std::uint32_t> learned, held_out;
    for (const std::uint32_t r : rows) (folds[r] == f ? held_out : learned).push_back(r);
    LabelClassifier of_fold{classifier.classes, classifier.features, classifier.scale, {}, 1};
    of_fold.members.resize(options.members);
    executor.run(options.members, [&](std::size_t m, std::size_t) {
      const bool reads_counts = m % 2 == 0;
      FeatureClassifierOptions network = options.network;
      network.loss = classifier.loss();
      network.seed = random_bits(options.network.seed, f, m);
      of_fold.members[m] =
          train_feature_network<float>(kernels, reads_counts ? scaled : dense, targets, outputs, learned, network);
      // Weights of what it has never seen are those that it began with.
      if (!reads_counts) std::fill_n(of_fold.members[m].values.begin(), counts * network.hidden, 0.0F);
    });
    const std::vector<float> logits = label_logits(of_fold, kernels, x, held_out);
    for (std::size_t k = 0; k < held_out.size(); ++k)
      std::copy_n(logits.begin() + static_cast<std::ptrdiff_t>(k * outputs), outputs,
                  out_of_fold.begin() + static_cast<std::ptrdiff_t>(held_out[k] * outputs));
    std::move(of_fold.members.begin(), of_fold.members.end(), std::back_inserter(classifier.members));
  }
  return out_of_fold;
}

std::vector<float> label_logits(const LabelClassifier& classifier, const KernelTable<float>& kernels,
                                const SparseRows<float>& x, std::span<const std::uint32_t> rows) {
  SparseRows<float> scaled = x;
  classifier.scale.apply(scaled);
  std::vector<float> result(rows.size() * classifier.outputs());
  FeatureScratch<float> scratch;
  add_member_logits(classifier, kernels, scaled, rows, scratch, result);
  return result;
}

double fit_temperature(HeadLoss loss, std::span<const float> logits, std::span<const std::size_t> labels) {
  const std::size_t outputs = labels.empty() ? 1 : logits.size() / labels.size();
  // Cross-entropy as a function of log T, which is unimodal: convex in 1 / T.
  const auto entropy = [&](double log_t) {
    const double t = std::exp(log_t);
    double sum = 0;
    for (std::size_t i = 0; i < labels.size(); ++i) {
      const std::span<const float> z = logits.subspan(i * outputs, outputs);
      if (loss == HeadLoss::binary) {
        const double s = (labels[i] == 1 ? -1.0 : 1.0) * static_cast<double>(z[0]) / t;
        sum += s > 0 ? s + std::log1p(std::exp(-s)) : std::log1p(std::exp(s));
        continue;
      }
      const double largest = static_cast<double>(*std::max_element(z.begin(), z.end()));
      double total = 0;
      for (const float logit : z) total += std::exp((static_cast<double>(logit) - largest) / t);
      sum += std::log(total) - (static_cast<double>(z[labels[i]]) - largest) / t;
    }
    return sum;
  };
  double low = std::log(0.05), high = std::log(20.0);
  constexpr double k_golden = 0.6180339887498949;
  for (int i = 0; i < 60; ++i) {
    const double a = high - k_golden * (high - low), b = low + k_golden * (high - low);
    const bool is_left = entropy(a) < entropy(b);
    (is_left ? high : low) = is_left ? b : a;
  }
  return std::exp((low + high) / 2);
}

namespace {

/// Cross-entropy of logits a z_c + b [c is abnormal], its gradient and Hessian in (a, b). Of a binary label there are
/// two classes, the logit of the normal one being 0.
struct ScaleEntropy {
  double value = 0, d_a = 0, d_b = 0, d_aa = 0, d_ab = 0, d_bb = 0;

  void add(std::span<const float> z, std::size_t label, double a, double b) {
    const std::size_t binary = z.size() == 1 ? 1 : 0;  // its row begins with a logit that is not there
    const auto logit = [&](std::size_t c) { return c < binary ? 0.0 : static_cast<double>(z[c - binary]); };
    const std::size_t classes = z.size() + binary;
    const auto scaled = [&](std::size_t c) { return a * logit(c) + (c > 0 ? b : 0); };
    double largest = scaled(0), total = 0;
    for (std::size_t c = 1; c < classes; ++c) largest = std::max(largest, scaled(c));
    for (std::size_t c = 0; c < classes; ++c) total += std::exp(scaled(c) - largest);
    value += std::log(total) + largest - scaled(label);
    double mean = 0, square = 0, abnormal = 0, both = 0;  // of z, z^2, [c > 0], z [c > 0] under the probabilities
    for (std::size_t c = 0; c < classes; ++c) {
      const double p = std::exp(scaled(c) - largest) / total;
      mean += p * logit(c);
      square += p * logit(c) * logit(c);
      if (c == 0) continue;
      abnormal += p;
      both += p * logit(c);
    }
    d_a += mean - logit(label);
    d_b += abnormal - (label > 0 ? 1 : 0);
    d_aa += square - mean * mean;
    d_ab += both - mean * abnormal;
    d_bb += abnormal - abnormal * abnormal;
  }
};

}  // namespace

LogitScale fit_logit_scale(HeadLoss loss, std::span<const float> logits, std::span<const std::size_t> labels) {
  const std::size_t outputs = labels.empty() ? 1 : logits.size() / labels.size();
  std::size_t normal = 0, abnormal = 0;
  for (const std::size_t label : labels)
    if (label != k_unknown_class) ++(label == 0 ? normal : abnormal);
  if (normal == 0 || abnormal == 0 || (loss == HeadLoss::binary) != (outputs == 1)) return {};
  const auto entropy = [&](double a, double b) {
    ScaleEntropy sum;
    for (std::size_t i = 0; i < labels.size(); ++i)
      if (labels[i] != k_unknown_class) sum.add(logits.subspan(i * outputs, outputs), labels[i], a, b);
    return sum;
  };
  constexpr double k_least = 1 / 20.0, k_most = 20;
  constexpr std::size_t k_steps = 30;
  double a = 1, b = 0;
  ScaleEntropy now = entropy(a, b);
  for (std::size_t step = 0; step < k_steps; ++step) {  // Newton's method; the entropy is convex in (a, b)
    const double ridge = 1e-9 * (now.d_aa + now.d_bb + 1), aa = now.d_aa + ridge, bb = now.d_bb + ridge,
                 determinant = aa * bb - now.d_ab * now.d_ab;
    const double to_a = (bb * now.d_a - now.d_ab * now.d_b) / determinant,
                 to_b = (aa * now.d_b - now.d_ab * now.d_a) / determinant;
    double share = 1;
    ScaleEntropy next;
    double next_a = a, next_b = b;
    for (; share > 1e-4; share /= 2) {
      next_a = std::clamp(a - share * to_a, k_least, k_most);
      next_b = b - share * to_b;
      next = entropy(next_a, next_b);
      if (next.value < now.value) break;
    }
    if (!(next.value < now.value)) break;
    const double gain = now.value - next.value;
    a = next_a;
    b = next_b;
    now = next;
    if (gain < 1e-9 * now.value) break;
  }
  return {1 / a, b / a};
}

double abnormal_log_odds(HeadLoss loss, std::span<const float> logits) noexcept {
  if (loss != HeadLoss::softmax) return static_cast<double>(logits[0]);
  const std::span<const float> others = logits.subspan(1);
  const double largest = static_cast<double>(*std::max_element(others.begin(), others.end()));
  double sum = 0;
  for (const float logit : others) sum += std::exp(static_cast<double>(logit) - largest);
  return largest + std::log(sum) - static_cast<double>(logits[0]);
}

}  // namespace v0
}  // namespace seqguard
