#include "seqguard/detection/sequence_detector.hpp"

#include <string>
#include <utility>

#include "seqguard/core/error.hpp"

namespace seqguard {
namespace {

[[noreturn]] void fail_next(const Recipe& recipe, std::size_t expected, std::size_t found) {
  fail(ErrorCode::invalid_argument, "recipe " + recipe.name, "values of the next-event surprise",
       std::to_string(expected), std::to_string(found));
}

void check_next(const Recipe& recipe, std::size_t normals, std::span<const double> next) {
  const std::size_t expected = recipe.next_views() * normals;
  if (next.size() != expected) fail_next(recipe, expected, next.size());
}

}  // namespace

SequenceDetector::SequenceDetector(Recipe recipe, const SequenceDetectorOptions& options)
    : recipe_(std::move(recipe)), options_(options), next_views_(recipe_.next_views()) {
  recipe_.check();
}

void SequenceDetector::fit(std::span<const TypeSequence> normals, std::span<const double> next, Executor& executor) {
  check_next(recipe_, normals.size(), next);
  const std::vector<double> raw = out_of_fold_scores(normals, next, recipe_, options_.profile, executor);
  calibration_ = Calibration(recipe_, {raw.data(), normals.size(), recipe_.views.size()});
  profile_ = Profile(recipe_, Normals(normals), options_.profile);
}

void SequenceDetector::recalibrate(std::span<const TypeSequence> normals, std::span<const double> next) {
  check_next(recipe_, normals.size(), next);
  const std::size_t views = recipe_.views.size();
  std::vector<double> raw(normals.size() * views);
  DetectionScratch scratch;
  for (std::size_t i = 0; i < normals.size(); ++i) {
    profile_.scores(normals[i], next.subspan(i * next_views_, next_views_), scratch, {raw.data() + i * views, views});
  }
  calibration_ = Calibration(recipe_, {raw.data(), normals.size(), views});
}

Judgement SequenceDetector::judge(TypeSequence events, std::span<const double> next, Scratch& scratch) const {
  if (next.size() < next_views_) fail_next(recipe_, next_views_, next.size());
  scratch.raw.resize(recipe_.views.size());
  scratch.levels.resize(recipe_.views.size());
  profile_.scores(events, next, scratch.detection, scratch.raw);
  return calibration_.judge(scratch.raw, scratch.levels);
}

double SequenceDetector::decision_function(TypeSequence events, Scratch& scratch, std::span<const double> next) const {
  return judge(events, next, scratch).value;
}

bool SequenceDetector::predict(TypeSequence events, Scratch& scratch, std::span<const double> next) const {
  return judge(events, next, scratch).p_value < options_.contamination;
}

std::string SequenceDetector::serialize() const {
  ProfileWriter writer;
  profile_.save(writer);
  writer.scope("calibration");
  calibration_.save(writer);
  return writer.serialize();
}

SequenceDetector SequenceDetector::load(Recipe recipe, const SafetensorsFile& file,
                                        const SequenceDetectorOptions& options) {
  SequenceDetector result(std::move(recipe), options);
  result.profile_ = Profile::load(result.recipe_, file);
  result.calibration_ = Calibration::load(result.recipe_, ProfileReader(file, "calibration"));
  return result;
}

}  // namespace seqguard
