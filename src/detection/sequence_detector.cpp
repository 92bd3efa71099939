#include "seqguard/detection/sequence_detector.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "seqguard/core/error.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

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

void SequenceDetector::select(std::span<const double> given, std::size_t sequences, std::vector<double>& out) const {
  if (given.size() != given_.size() * sequences)
    fail(ErrorCode::invalid_argument, "recipe " + recipe_.name, "given numbers",
         std::to_string(given_.size() * sequences), std::to_string(given.size()));
  out.clear();
  for (std::size_t i = 0; i < sequences; ++i)
    for (const std::size_t column : columns_) out.push_back(given[i * given_.size() + column]);
}

void SequenceDetector::fit(std::span<const TypeSequence> normals, std::span<const double> given, Executor& executor) {
  std::vector<double> used;
  select(given, normals.size(), used);
  const std::vector<double> raw = out_of_fold_scores(normals, used, recipe_, options_.profile, executor);
  calibration_ = Calibration(recipe_, {raw.data(), normals.size(), recipe_.views.size()});
  profile_ = Profile(recipe_, Normals(normals), options_.profile);
}

void SequenceDetector::recalibrate(std::span<const TypeSequence> normals, std::span<const double> given) {
  std::vector<double> used;
  select(given, normals.size(), used);
  const std::size_t views = recipe_.views.size(), columns = columns_.size();
  std::vector<double> raw(normals.size() * views);
  DetectionScratch scratch;
  for (std::size_t i = 0; i < normals.size(); ++i) {
    profile_.scores(normals[i], std::span(used).subspan(i * columns, columns), scratch,
                    {raw.data() + i * views, views});
  }
  calibration_ = Calibration(recipe_, {raw.data(), normals.size(), views});
}

Judgement SequenceDetector::judge(TypeSequence events, std::span<const double> given, Scratch& scratch) const {
  select(given, 1, scratch.given);
  scratch.raw.resize(recipe_.views.size());
  scratch.levels.resize(recipe_.views.size());
  profile_.scores(events, scratch.given, scratch.detection, scratch.raw);
  return calibration_.judge(scratch.raw, scratch.levels);
}

double SequenceDetector::decision_function(TypeSequence events, Scratch& scratch, std::span<const double> given) const {
  return judge(events, given, scratch).value;
}

bool SequenceDetector::predict(TypeSequence events, Scratch& scratch, std::span<const double> given) const {
  return judge(events, given, scratch).p_value < options_.contamination;
}

std::string SequenceDetector::serialize() const {
  ProfileWriter writer;
  profile_.save(writer);
  writer.scope("calibration");
  calibration_.save(writer);
  return writer.serialize();
}

void SequenceDetector::load(const SafetensorsFile& file) {
  Profile profile = Profile::load(recipe_, file);
  calibration_ = Calibration::load(recipe_, ProfileReader(file, "calibration"));
  profile_ = std::move(profile);
}

}  // namespace v0
}  // namespace seqguard
