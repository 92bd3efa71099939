#include "seqguard/detection/sequence_detector.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>

#include "seqguard/core/error.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

/// Puts the numbers of the given views in their places of a row of all views.
void copy_given(const Recipe& recipe, std::span<const double> given, std::span<double> row) {
  for (std::size_t v = 0, k = 0; v < recipe.views.size(); ++v)
    if (recipe.views[v].given) row[v] = given[k++];
}

std::vector<std::size_t> columns_of(const Recipe& recipe, std::span<const std::string> given) {
  std::vector<std::size_t> columns;
  for (const std::string& name : recipe.given()) {
    const auto found = std::find(given.begin(), given.end(), name);
    if (found == given.end())
      fail(ErrorCode::invalid_argument, "recipe " + recipe.name, "nothing gives the view \"" + name + "\"");
    columns.push_back(static_cast<std::size_t>(found - given.begin()));
  }
  return columns;
}

}  // namespace

SequenceDetector::SequenceDetector(Recipe recipe, const SequenceDetectorOptions& options)
    : SequenceDetector(recipe, recipe.given(), options) {}

SequenceDetector::SequenceDetector(Recipe recipe, std::vector<std::string> given,
                                   const SequenceDetectorOptions& options)
    : recipe_(std::move(recipe)), given_(std::move(given)), columns_(columns_of(recipe_, given_)), options_(options) {
  recipe_.check();
}

SequenceDetector SequenceDetector::with_given_view(const ViewSpec& view) const {
  SequenceDetector result = without_given_view(view.name);
  result.recipe_.views.push_back(view);
  result.given_.push_back(view.name);
  return result.with_statistics_of(*this);
}

SequenceDetector SequenceDetector::without_given_view(std::string_view name) const {
  Recipe recipe = recipe_;
  std::erase_if(recipe.views, [&](const ViewSpec& spec) { return spec.name == name; });
  std::vector<std::string> given = given_;
  std::erase(given, name);
  return SequenceDetector(std::move(recipe), std::move(given), options_).with_statistics_of(*this);
}

SequenceDetector SequenceDetector::with_statistics_of(const SequenceDetector& fitted) const {
  SequenceDetector result(recipe_, given_, options_);
  ProfileWriter writer;
  fitted.profile_.save(writer);
  const std::string bytes = writer.serialize();
  result.profile_ = Profile::load(result.recipe_, SafetensorsFile(std::as_bytes(std::span(bytes)), "statistics"));
  result.single_ = fitted.single_;
  return result;
}

void SequenceDetector::select(std::span<const double> given, std::size_t sequences, std::vector<double>& out) const {
  if (given.size() != given_.size() * sequences)
    fail(ErrorCode::invalid_argument, "recipe " + recipe_.name, "given numbers",
         std::to_string(given_.size() * sequences), std::to_string(given.size()));
  out.clear();
  for (std::size_t i = 0; i < sequences; ++i)
    for (const std::size_t column : columns_) out.push_back(given[i * given_.size() + column]);
}

void SequenceDetector::fit(std::span<const TypeSequence> normals, const GivenScores& given, Executor& executor) {
  const std::size_t n = normals.size(), views = recipe_.views.size(), columns = columns_.size();
  std::vector<double> used, noise_used, noise(views, 0);
  select(given.held_out, n, used);
  const std::vector<double> held_out = out_of_fold_scores(normals, used, recipe_, options_.profile, executor);
  std::vector<std::uint32_t> distinct;
  const Normals all(normals, &distinct);
  profile_ = Profile(recipe_, all, options_.profile);
  single_.clear();
  for (std::size_t d = 0; d < all.size(); ++d)
    if (all.copies(d) == 1) single_.push_back(content_hash(all.sequence(d)));
  std::sort(single_.begin(), single_.end());
  single_.erase(std::unique(single_.begin(), single_.end()), single_.end());
  const std::vector<double> own = own_scores(all, distinct, given, executor);

  // A normal that has copies tells what the finished model says of one like it; of the others only the given numbers.
  select(given.shifted.empty() ? given.held_out : given.shifted, n, used);
  std::vector<double> finished(n * views, std::numeric_limits<double>::quiet_NaN());
  for (std::size_t i = 0; i < n; ++i) {
    const std::span<double> row(finished.data() + i * views, views);
    if (all.copies(distinct[i]) > 1)
      std::copy_n(own.data() + i * views, views, row.data());
    else
      copy_given(recipe_, std::span(used).subspan(i * columns, columns), row);
  }
  if (!given.noise.empty()) {
    select(given.noise, 1, noise_used);
    copy_given(recipe_, noise_used, noise);
  }
  calibration_ =
      Calibration(recipe_, {{held_out.data(), n, views}, {finished.data(), n, views}, {own.data(), n, views}, noise});
}

std::vector<double> SequenceDetector::own_scores(const Normals& normals, std::span<const std::uint32_t> distinct,
                                                 const GivenScores& given, Executor& executor) const {
  const std::size_t n = distinct.size(), views = recipe_.views.size(), columns = columns_.size();
  std::vector<double> used;
  select(given.own.empty() ? given.held_out : given.own, n, used);
  const std::vector<double> unknown(columns, std::numeric_limits<double>::quiet_NaN());
  std::vector<double> of_distinct(normals.size() * views, std::numeric_limits<double>::quiet_NaN());
  std::vector<std::uint8_t> counts(normals.size(), 0);
  for (std::size_t i = 0; i < n; ++i) {
    const auto held_out = given.held_out.subspan(i * given_.size(), given_.size());
    const bool decides = std::none_of(held_out.begin(), held_out.end(), [](double x) { return std::isnan(x); });
    if (decides || normals.copies(distinct[i]) > 1) counts[distinct[i]] = 1;
  }
  auto scratches = make_per_worker(executor, [&] { return DetectionScratch(normals.longest()); });
  executor.run(normals.size(), [&](std::size_t d, std::size_t worker) {
    if (counts[d] == 0) return;
    profile_.scores(normals.sequence(d), unknown, scratches[worker], {of_distinct.data() + d * views, views});
  });
  std::vector<double> result(n * views);
  for (std::size_t i = 0; i < n; ++i) {
    const std::span<double> row(result.data() + i * views, views);
    std::copy_n(of_distinct.data() + distinct[i] * views, views, row.data());
    copy_given(recipe_, std::span(used).subspan(i * columns, columns), row);
  }
  return result;
}

void SequenceDetector::recalibrate(std::span<const TypeSequence> normals, std::span<const double> given,
                                   Executor& executor) {
  std::vector<double> used;
  select(given, normals.size(), used);
  const std::size_t views = recipe_.views.size(), columns = columns_.size();
  std::vector<double> raw(normals.size() * views);
  auto scratches = make_per_worker(executor, [] { return DetectionScratch(0); });
  executor.run(normals.size(), [&](std::size_t i, std::size_t worker) {
    profile_.scores(normals[i], std::span(used).subspan(i * columns, columns), scratches[worker],
                    {raw.data() + i * views, views});
  });
  calibration_ = Calibration(recipe_, {{raw.data(), normals.size(), views}});
}

Judgement SequenceDetector::judge(TypeSequence events, std::span<const double> given, Scratch& scratch) const {
  score_views(events, given, scratch);
  return judge_views(events, scratch);
}

void SequenceDetector::score_views(TypeSequence events, std::span<const double> given, Scratch& scratch) const {
  select(given, 1, scratch.given);
  scratch.raw.resize(recipe_.views.size());
  profile_.scores(events, scratch.given, scratch.detection, scratch.raw);
  for (std::size_t v = 0; v < scratch.raw.size(); ++v)
    if (std::isnan(scratch.raw[v]) && v < calibration_.views()) scratch.raw[v] = calibration_.middle_of(v);
}

Judgement SequenceDetector::judge_views(TypeSequence events, Scratch& scratch) const {
  scratch.levels.resize(recipe_.views.size());
  return calibration_.judge(scratch.raw, scratch.levels, has_learned(events));
}

double SequenceDetector::decision_function(TypeSequence events, Scratch& scratch, std::span<const double> given) const {
  return judge(events, given, scratch).value;
}

bool SequenceDetector::predict(TypeSequence events, Scratch& scratch, std::span<const double> given) const {
  return judge(events, given, scratch).p_value < options_.contamination;
}

std::size_t SequenceDetector::count_learned(std::span<const TypeSequence> sequences) const {
  return static_cast<std::size_t>(
      std::count_if(sequences.begin(), sequences.end(), [&](TypeSequence sequence) { return has_learned(sequence); }));
}

bool SequenceDetector::has_learned(TypeSequence sequence) const {
  return std::binary_search(single_.begin(), single_.end(), content_hash(sequence));
}

std::string SequenceDetector::serialize() const {
  ProfileWriter writer;
  writer.scope("profile");
  writer.write("single", single_);
  profile_.save(writer);
  writer.scope("calibration");
  calibration_.save(writer);
  return writer.serialize();
}

void SequenceDetector::load(const SafetensorsFile& file) {
  Profile profile = Profile::load(recipe_, file);
  const ProfileReader reader(file, "profile");
  std::vector<std::uint64_t> single;
  if (reader.has("single")) single = reader.u64("single");
  reader.require_strictly_ascending("single", single);
  calibration_ = Calibration::load(recipe_, ProfileReader(file, "calibration"));
  profile_ = std::move(profile);
  single_ = std::move(single);
}

}  // namespace v0
}  // namespace seqguard
