#include "seqguard/detection/profile.hpp"

#include <algorithm>
#include <limits>
#include <numeric>
#include <string>

#include "detection/folds.hpp"
#include "seqguard/core/error.hpp"
#include "seqguard/core/random.hpp"
#include "seqguard/detection/given_view.hpp"

namespace seqguard {
inline namespace v0 {
namespace {

/// Calls fit(normals) -> bytes, with fewer and fewer normals until the result fits into max_bytes. Returns the number
/// of distinct normals that were fitted last.
template <class Fit>
std::size_t fit_within(std::size_t max_bytes, const Normals& normals, Fit&& fit) {
  std::size_t bytes = fit(normals), kept = normals.size();
  for (double share = 1; bytes > max_bytes && kept > 0;) {
    share *= 0.95 * static_cast<double>(max_bytes) / static_cast<double>(bytes);
    const Normals thinned = normals.thinned(share);
    bytes = fit(thinned);
    kept = thinned.size();
  }
  return kept;
}

}  // namespace

std::vector<std::uint32_t> checked_folds(std::size_t n, std::size_t folds, std::uint64_t seed) {
  if (folds < 2 || n < folds) {
    fail(ErrorCode::invalid_argument, "out-of-fold scores",
         std::to_string(n) + " sequences do not make " + std::to_string(folds) + " folds, or folds are fewer than 2");
  }
  constexpr std::uint64_t k_stream = 0xF01D;
  std::vector<std::uint32_t> fold(n);
  for (std::size_t i = 0; i < n; ++i) fold[i] = static_cast<std::uint32_t>(i % folds);
  Random(seed, k_stream).shuffle(fold);
  return fold;
}

std::vector<Profile::View> Profile::make_views(const Recipe& recipe) {
  recipe.check();
  std::vector<View> views;
  std::size_t given = 0;
  for (const ViewSpec& spec : recipe.views) {
    if (spec.given)
      views.push_back({spec.name, std::make_unique<GivenView>(given++)});
    else
      views.push_back({spec.name, make_detector(spec.name, spec.options)});
  }
  return views;
}

Profile::Profile(const Recipe& recipe, const Normals& normals, const ProfileOptions& options)
    : views_(make_views(recipe)), distinct_(normals.size()) {
  kept_ = fit_within(options.max_bytes, normals, [&](const Normals& kept) {
    for (const View& view : views_) view.detector->fit(kept);
    return bytes();
  });
}

std::size_t Profile::bytes() const noexcept {
  std::size_t sum = 0;
  for (const View& view : views_) sum += view.detector->bytes();
  return sum;
}

void Profile::scores(TypeSequence events, std::span<const double> given, DetectionScratch& scratch,
                     std::span<double> raw) const {
  const SequenceFeatures& features = scratch.features.extract(events, given);
  for (std::size_t v = 0; v < views_.size(); ++v) raw[v] = views_[v].detector->decision_function(features, scratch);
}

void Profile::save(ProfileWriter& writer) const {
  writer.scope("profile");
  writer.write("normals", std::vector<std::uint64_t>{kept_, distinct_});
  for (const View& view : views_) {
    writer.scope(view.name);
    view.detector->save(writer);
  }
}

Profile Profile::load(const Recipe& recipe, const SafetensorsFile& file) {
  Profile result;
  result.views_ = make_views(recipe);
  const ProfileReader reader(file, "profile");
  const auto normals = reader.u64("normals");
  reader.require_size("normals", normals.size(), 2);
  result.kept_ = normals[0];
  result.distinct_ = normals[1];
  for (const View& view : result.views_) view.detector->load(ProfileReader(file, view.name));
  return result;
}

std::vector<double> out_of_fold_scores(std::span<const TypeSequence> normals, std::span<const double> given,
                                       const Recipe& recipe, const ProfileOptions& options, Executor& executor) {
  const std::size_t n = normals.size(), views = recipe.views.size(), columns = recipe.given().size();
  if (!given.empty() && given.size() != n * columns) {
    fail(ErrorCode::invalid_argument, "out-of-fold scores", "given numbers", std::to_string(n * columns),
         std::to_string(given.size()));
  }
  const std::vector<double> unknown(columns, std::numeric_limits<double>::quiet_NaN());
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
      if (given.empty()) continue;
      for (std::size_t v = 0, k = i * columns; v < views; ++v)
        if (recipe.views[v].given) row[v] = given[k++];
    }
  });
  return result;
}

}  // namespace v0
}  // namespace seqguard
