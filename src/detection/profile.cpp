#include "seqguard/detection/profile.hpp"

#include <algorithm>
#include <limits>
#include <numeric>
#include <string>

#include "detection/fitting.hpp"
#include "seqguard/core/error.hpp"

namespace seqguard {

Profile::Profile(const Recipe& recipe, const Normals& normals, const ProfileOptions& options)
    : distinct_(normals.size()) {
  recipe.check();
  for (const ViewSpec& view : recipe.views) {
    names_.push_back(view.name);
    detectors_.push_back(is_next_view(view.name) ? nullptr : make_detector(view.name, view.options));
  }
  kept_ = fit_within(options.max_bytes, normals, [&](const Normals& kept) {
    for (const auto& detector : detectors_) {
      if (detector != nullptr) detector->fit(kept);
    }
    return bytes();
  });
}

std::size_t Profile::bytes() const noexcept {
  std::size_t sum = 0;
  for (const auto& detector : detectors_) sum += detector != nullptr ? detector->bytes() : 0;
  return sum;
}

void Profile::scores(TypeSequence events, std::span<const double> next, DetectionScratch& scratch,
                     std::span<double> raw) const {
  const SequenceFeatures& features = scratch.features.extract(events);
  auto given = next.begin();
  for (std::size_t v = 0; v < detectors_.size(); ++v) {
    raw[v] = detectors_[v] != nullptr ? detectors_[v]->decision_function(features, scratch) : *given++;
  }
}

void Profile::save(ProfileWriter& writer) const {
  writer.scope("profile");
  writer.write("normals", std::vector<std::uint64_t>{kept_, distinct_});
  for (std::size_t v = 0; v < detectors_.size(); ++v) {
    writer.scope(names_[v]);
    if (detectors_[v] != nullptr) detectors_[v]->save(writer);
  }
}

Profile Profile::load(const Recipe& recipe, const SafetensorsFile& file) {
  recipe.check();
  Profile result;
  const ProfileReader reader(file, "profile");
  const auto normals = reader.u64("normals");
  reader.require_size("normals", normals.size(), 2);
  result.kept_ = normals[0];
  result.distinct_ = normals[1];
  for (const ViewSpec& view : recipe.views) {
    result.names_.push_back(view.name);
    result.detectors_.push_back(is_next_view(view.name) ? nullptr : make_detector(view.name, view.options));
    if (result.detectors_.back() != nullptr) result.detectors_.back()->load(ProfileReader(file, view.name));
  }
  return result;
}

std::vector<double> out_of_fold_scores(std::span<const TypeSequence> normals, std::span<const double> next,
                                       const Recipe& recipe, const ProfileOptions& options, Executor& executor) {
  const std::size_t n = normals.size(), views = recipe.views.size(), given = recipe.next_views();
  if (!next.empty() && next.size() != n * given) {
    fail(ErrorCode::invalid_argument, "out-of-fold scores", "next", std::to_string(n * given),
         std::to_string(next.size()));
  }
  const std::vector<double> unknown(given, std::numeric_limits<double>::quiet_NaN());
  std::vector<std::uint32_t> distinct;
  const Normals all(normals, &distinct);
  const std::vector<std::uint32_t> fold = checked_folds(n, options.folds, options.seed);
  std::vector<double> result(n * views);
  executor.run(options.folds, [&](std::size_t f, std::size_t) {
    std::vector<std::uint32_t> copies(all.size(), 0), scored_at(all.size(), std::numeric_limits<std::uint32_t>::max());
    for (std::size_t i = 0; i < n; ++i) copies[distinct[i]] += fold[i] != f ? 1 : 0;
    const Profile profile(recipe, all.with_copies(copies), options);
    DetectionScratch scratch(all.longest());
    for (std::size_t i = 0; i < n; ++i) {
      if (fold[i] != f) continue;
      const std::span<double> row(result.data() + i * views, views);
      std::uint32_t& first = scored_at[distinct[i]];  // identical sequences are scored once
      if (first == std::numeric_limits<std::uint32_t>::max()) {
        first = static_cast<std::uint32_t>(i);
        profile.scores(normals[i], unknown, scratch, row);
      } else {
        std::copy_n(result.data() + first * views, views, row.data());
      }
      if (next.empty()) continue;
      for (std::size_t v = 0, k = i * given; v < views; ++v)
        if (is_next_view(recipe.views[v].name)) row[v] = next[k++];
    }
  });
  return result;
}

}  // namespace seqguard
