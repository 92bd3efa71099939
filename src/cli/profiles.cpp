#include <set>

#include "cli/commands.hpp"
#include "cli/console.hpp"
#include "cli/output.hpp"
#include "cli/read_input.hpp"
#include "core/json_writer.hpp"
#include "seqguard/core/error.hpp"
#include "seqguard/sequence_scorer/behaviour_model.hpp"

namespace seqguard::cli {
namespace {

/// What was done to the profiles.
struct Changes {
  std::size_t keys_before = 0, sequences = 0, keys = 0;  ///< added: so many sequences, of so many keys
  std::vector<std::string> forgotten, unknown;           ///< of --forget
};

void add_sequences(const SequenceScorer& scorer, const Dataset& data, Changes& changes) {
  SequenceScorer::Scratch scratch = scorer.make_scratch(0);
  std::set<std::string_view> keys;
  for (std::size_t s = 0; s < data.sequences().size(); ++s) {
    const std::string_view key = data.sequences()[s].profile_key;
    scorer.update_profile(key, data.view(s), scratch);
    keys.insert(key);
  }
  changes.sequences = data.sequences().size();
  changes.keys = keys.size();
}

void forget_keys(const SequenceScorer& scorer, const std::vector<std::string>& keys, Changes& changes) {
  for (const std::string& key : keys) {
    (scorer.forget(key) ? changes.forgotten : changes.unknown).push_back(key);
    if (scorer.model()->self->is_in_cohort(key_number(key)))
      warn(
          "key " + key + " is one of the " + std::to_string(scorer.model()->self->cohort()) +
          " with which all others are compared: what was learned of it stays in population.safetensors until a new fit "
          "without it");
  }
  for (const std::string& key : changes.unknown) warn("--forget: key " + key + " has no profile");
}

void write_summary(const Changes& changes, const KeyStore& profiles, const std::string& path) {
  JsonWriter json;
  json.begin_object().field("keys_before", changes.keys_before).field("keys", profiles.size());
  json.field("bytes", profiles.bytes()).field("sequences_added", changes.sequences).field("keys_touched", changes.keys);
  json.key("forgotten").values(changes.forgotten).key("unknown").values(changes.unknown).end_object().end_line();
  write_output(path, json.text());
}

}  // namespace

int run(const ProfilesOptions& options) {
  const bool quiet = options.common.quiet;
  require_writable_file(options.common.json);
  const SequenceScorer scorer = load_scorer(options.model, options.common);
  if (!scorer.model()->profiles)
    throw UsageError("--model " + options.model +
                     ": a model without profiles; `seqguard fit --profile-key` makes them");
  const KeyStore& profiles = *scorer.model()->profiles;
  Changes changes;
  changes.keys_before = profiles.size();
  int exit_code = k_done;
  if (options.input.is_given()) {
    const Dataset data = read_input(options.input, *scorer.schema());
    add_sequences(scorer, data, changes);
    exit_code = exit_code_for(data);
    say(quiet, "added " + counted(changes.sequences, "sequence") + " of " + counted(changes.keys, "key"));
  }
  forget_keys(scorer, options.forget, changes);
  if (changes.sequences > 0 || !changes.forgotten.empty()) scorer.save_profiles(options.model);
  say(quiet, counted(profiles.size(), "profile") + ", " + byte_size(profiles.bytes()) + " -> " + options.model);
  if (!options.common.json.empty()) write_summary(changes, profiles, options.common.json);
  return exit_code;
}

}  // namespace seqguard::cli
