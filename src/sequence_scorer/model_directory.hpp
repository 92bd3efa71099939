// What a model's directory consists of: detector.json, and the files whose digests it holds.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "seqguard/core/load_options.hpp"
#include "seqguard/detection/recipe.hpp"
#include "seqguard/model/checkpoint.hpp"
#include "seqguard/model/safetensors.hpp"

namespace seqguard {
inline namespace v0 {

inline constexpr const char* k_detector_format = "seqguard-detector";
inline constexpr int k_detector_version = 1;
inline constexpr std::size_t k_max_sidecar_bytes = std::size_t{1} << 30;

/// What labels of sequences, and of events, have taught.
inline constexpr const char *k_labels_file = "labels.safetensors", *k_event_labels_file = "event_labels.safetensors";
/// Statistics of numbers; what keys are compared with.
inline constexpr const char* k_numbers_file = "numbers.safetensors";
inline constexpr const char* k_population_file = "population.safetensors";
/// The profiles of the keys, which change and so belong to no generation.
inline constexpr const char* k_profiles_file = "key_profiles.bin";
/// Where the edit tagger stands, and what only it has.
inline constexpr const char* k_tagger = "tagger";
inline constexpr const char* k_repair_file = "tagger/repair.safetensors";

/// A file that belongs to detector.json, which holds its digest.
struct Member {
  const char* name;
  bool required;
};
std::span<const Member> directory_members() noexcept;

/// What detector.json holds.
struct Sidecar {
  Recipe recipe;
  double target_fpr = 0, drift_auroc = 0, repeat_share = 0;
  std::string training;
  std::vector<std::string> classes;  ///< of labels that were learned; empty: none
  std::size_t recalibrated_on = 0;
  Precision precision = Precision::fp32;                  ///< that the calibration was made in
  std::map<std::string, std::string, std::less<>> files;  ///< SHA-256 of each member
};

/// Reads detector.json. @throws Error file_not_found, io_error, bad_format, unsupported (naming field and value).
Sidecar read_sidecar(const std::string& path);

/// The members of a directory. Each is read once: its digest is compared, and it is parsed, by the same bytes.
class Members {
 public:
  /// `access`: of the encoder's weights.
  /// @throws Error file_not_found, io_error; bad_checkpoint: a file of another generation, or damaged.
  Members(const Sidecar& sidecar, const std::string& directory, FileAccess access);

  std::string path_of(std::string_view name) const { return directory_ + "/" + std::string(name); }
  /// Empty for one that there is not.
  std::string_view text(std::string_view name) const {
    const auto found = bytes_.find(name);
    return found == bytes_.end() ? std::string_view() : found->second;
  }
  /// It borrows from the members.
  SafetensorsFile tensors(std::string_view name) const { return {std::as_bytes(std::span(text(name))), path_of(name)}; }
  /// A checkpoint with named heads; the weights were not mapped.
  CheckpointFiles checkpoint_below(const std::string& below) const;
  CheckpointFiles take_checkpoint();

 private:
  std::string directory_;
  std::map<std::string, std::string, std::less<>> bytes_;
  std::unique_ptr<const TensorSource> mapped_;  // the weights of the encoder, if they are
};

}  // namespace v0
}  // namespace seqguard
