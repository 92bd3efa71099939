#include <algorithm>
#include <map>
#include <set>

#include "cli/console.hpp"
#include "cli/inspect.hpp"
#include "seqguard/core/files.hpp"
#include "seqguard/model/checkpoint.hpp"
#include "seqguard/model/sentence_embedding.hpp"
#include "seqguard/model/tensor_source.hpp"
#include "seqguard/sequence_scorer/behaviour_model.hpp"
#include "seqguard/sequence_scorer/text_model.hpp"

namespace seqguard::cli {
namespace {

/// "a, b, c", cut after a few.
template <class Names>
std::string list(const Names& names) {
  constexpr std::size_t k_shown = 10;
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), k_shown); ++i) text.append(i > 0 ? ", " : "").append(names[i]);
  return names.size() > k_shown ? text + ", .." : text;
}

void describe_encoder(const ModelConfig& config, Facts& facts) {
  facts.section("encoder");
  const std::string architecture =
      config.architectures.empty() ? architecture_name(config.family, Head::none) : config.architectures.front();
  facts.add("family", std::string(config.traits().model_type));
  facts.add("architecture", architecture);
  const auto number = [&](const char* name, std::size_t value) { facts.add(name, value, with_commas(value)); };
  number("vocabulary", config.vocab_size);
  number("hidden size", config.hidden_size);
  number("layers", config.num_hidden_layers);
  number("heads", config.num_attention_heads);
  number("intermediate size", config.intermediate_size);
  number("positions", config.max_position_embeddings);
  if (head_of(config) == Head::sequence_classification || head_of(config) == Head::token_classification)
    facts.add("labels", config.num_labels(), with_commas(config.num_labels()) + ": " + list(config.labels));
}

std::string_view kind_of(Head head) {
  switch (head) {
    case Head::none:
      return "none";
    case Head::masked_lm:
      return "masked LM";
    case Head::sequence_classification:
      return "classes of sequences";
    case Head::token_classification:
      return "classes of tokens";
    case Head::replaced_token_detection:
      return "replaced tokens";
    case Head::gap_classification:
      return "classes of gaps";
  }
  return "";
}

/// The heads: that of transformers' class under the name of the class, further ones under their own.
void describe_heads(const ModelSpec& spec, Facts& facts) {
  if (spec.heads.empty()) return;
  facts.section("heads");
  for (const HeadSpec& head : spec.heads) {
    std::string text(kind_of(head.kind));
    if (!head.labels.empty()) text += ", " + counted(head.labels.size(), "label") + ": " + list(head.labels);
    facts.add("head " + (head.name.empty() ? architecture_name(spec.config.family, head.kind) : head.name), text);
  }
}

/// A model without a tokenizer, which takes ids only.
void describe_ids(const std::string& directory, Facts& facts) {
  facts.section("texts");
  try {
    Tokenizer::load(directory);
  } catch (const Error& error) {
    facts.add("tokenizer", std::string("none, for ids only: ") + error.what());
  }
}

/// What texts pass through: tokenizer, and the modules behind the encoder.
void describe_texts(const std::string& directory, const ModelConfig& config, Facts& facts, LoadReport& report) {
  const auto sentence = SentenceEmbedding::load(make_context(default_isa()), directory, config, std::nullopt, &report);
  if (!has_tokenizer(directory)) return describe_ids(directory, facts);
  const TextInput input = TextInput::load(directory, config, sentence);
  report.notes.insert(report.notes.end(), input.report.notes.begin(), input.report.notes.end());
  facts.section("texts");
  facts.add("token ids", input.tokenizer.vocab_size(), with_commas(input.tokenizer.vocab_size()));
  const bool left = input.tokenizer.truncation_side() == TruncationSide::left;
  facts.add("longest text", input.options.max_length,
            counted(input.options.max_length, "token") + (left ? ", the last ones of a longer text" : ""));
  if (head_of(config) != Head::sequence_classification) {
    std::vector<std::string> poolings;
    for (const Pooling pooling : sentence.poolings()) poolings.emplace_back(to_string(pooling));
    const std::string of =
        sentence.size() < sentence.uncut_size() ? " of " + with_commas(sentence.uncut_size()) : std::string();
    facts.add("sentence embedding", sentence.size(),
              with_commas(sentence.size()) + of + (sentence.uncut_size() == 1 ? " number" : " numbers") +
                  ", pooled by " + list(poolings));
    if (!sentence.similarity().empty()) facts.add("similarity", sentence.similarity());
  }
  if (!input.prompt.empty()) facts.add("prompt", input.prompt, "\"" + input.prompt + "\" before each sentence");
}

void describe_notes(const LoadReport& report, Facts& facts) {
  if (report.notes.empty()) return;
  facts.section("notes");
  for (std::size_t i = 0; i < report.notes.size(); ++i) facts.add("note " + std::to_string(i + 1), report.notes[i]);
}

/// What the files of weights say about themselves; every one of their checks but that of the values is made here.
void describe_weights(const std::string& directory, Facts& facts) {
  const auto source = open_tensors(directory);
  std::size_t parameters = 0, bytes = 0, tied = 0;
  std::map<std::string_view, std::size_t> dtypes;
  std::set<std::string> files;
  for (const auto& [name, tensor] : source->tensors()) {
    files.insert(source->file_of(name));
    ++dtypes[to_string(tensor.dtype)];
    tied += tensor.same_as.empty() ? 0 : 1;
    if (!tensor.same_as.empty()) continue;
    parameters += tensor.count();
    bytes += tensor.bytes();
  }
  std::string dtype_text;
  for (const auto& [dtype, count] : dtypes)
    dtype_text += (dtype_text.empty() ? "" : ", ") + std::string(dtype) + " (" + with_commas(count) + ")";
  facts.section("weights");
  facts.add("file", source->path().substr(directory.size() + 1));
  facts.add("files", files.size(), with_commas(files.size()));
  facts.add("tensors", source->tensors().size(), with_commas(source->tensors().size()));
  facts.add("dtypes", dtype_text);
  if (tied > 0)
    facts.add("tied tensors", tied,
              with_commas(tied) + (tied == 1 ? " shares" : " share") + " all elements of another");
  facts.add("parameters", parameters, with_commas(parameters));
  facts.add("bytes", bytes, byte_size(bytes));
  facts.add("memory", parameters * sizeof(float),
            byte_size(parameters * sizeof(float)) + " when loaded to score in fp32");
}

/// Loads all that encode and TextModel do; every value of the weights is checked.
void check_loads(const std::string& directory, LoadOptions options) {
  options.access = FileAccess::map;
  if (has_tokenizer(directory))
    TextModel::load(directory, options);
  else
    load_scoring_model(make_context(options), directory, {}, options.access);
}

/// How the texts of a column become times.
std::string reading_text(const TimeColumn& time) {
  if (!time.format.empty()) return "as " + time.format;
  const char* dates = time.date_order == DateOrder::day_first     ? ", dates with the day first"
                      : time.date_order == DateOrder::month_first ? ", dates with the month first"
                                                                  : "";
  return "in " + time.unit + dates;
}

void describe_schema(const EventSchema& schema, Facts& facts) {
  facts.section("events");
  facts.add("sequence",
            schema.sequence.key.empty() ? std::string("a line") : "rows with the same " + schema.sequence.key);
  if (!schema.sequence.order_by.empty()) facts.add("order", schema.sequence.order_by);
  facts.add("window", schema.sequence.window, std::to_string(schema.sequence.window) + " positions");
  for (std::size_t c = 0; c < schema.columns.size(); ++c) {
    const EventColumn& column = schema.columns[c];
    std::string text(to_string(column.kind));
    if (column.kind == ColumnKind::categorical)
      text += ", " + counted(column.vocabulary.types(), "value") + ", " + with_commas(column.vocabulary.kept()) +
              " known to the encoder";
    const auto& dependent = column.dependent_values;
    const auto following =
        std::count_if(dependent.begin(), dependent.end(), [](const auto& value) { return value.has_value(); });
    if (following > 0) text += ", follows from " + counted(static_cast<std::size_t>(following), "judged value");
    facts.add("column " + column.name, text, text + (c == schema.primary ? " (judged)" : ""));
  }
  if (schema.time) facts.add("time", schema.time->name + ", " + reading_text(*schema.time));
  std::string missing;
  for (const std::string& text : schema.missing) missing += (missing.empty() ? "\"" : ", \"") + text + "\"";
  if (!missing.empty()) facts.add("missing values", missing);
}

void describe_detector(const BehaviourModel& model, Facts& facts) {
  facts.section("detector");
  facts.add("recipe", model.detector.recipe().name);
  std::string views;
  for (const ViewSpec& view : model.detector.recipe().views) views += (views.empty() ? "" : ", ") + view.name;
  facts.add("views", views);
  const std::size_t normals = model.detector.calibration().normals();
  facts.add("calibration normals", normals, with_commas(normals));
  if (model.labels) {
    std::string classes;
    for (const std::string& name : model.labels->classes) classes += (classes.empty() ? "" : ", ") + name;
    facts.add("learned labels", model.labels->classes.size(), classes + (model.event_labels ? "; of events too" : ""));
  }
  if (model.profiles) {
    const KeyStore& profiles = *model.profiles;
    facts.add("profiles", profiles.size(),
              counted(profiles.size(), "key") + " by " + model.schema.sequence.profile_key + ", " +
                  byte_size(profiles.bytes()) + ", compared with " + std::to_string(model.self->cohort()) + " of them");
  }
  if (model.recalibrated_on > 0)
    facts.add("recalibrated on", model.recalibrated_on, counted(model.recalibrated_on, "sequence") + " after fit");
  const Profile& profile = model.detector.profile();
  facts.add("distinct normals", profile.kept_normals(),
            with_commas(profile.kept_normals()) + " of " + with_commas(profile.distinct_normals()) + " kept");
  facts.add("profile", profile.bytes(), byte_size(profile.bytes()));
  facts.add("target fpr", model.target_fpr, percent(model.target_fpr) + " of normal sequences");
  const double threshold = model.detector.calibration().combined().threshold(model.target_fpr);
  facts.add("threshold", threshold, "score " + fixed(threshold, 3));
  facts.add("drift", model.drift_auroc, "AUROC " + fixed(model.drift_auroc, 3) + " second half against first");
  facts.add("training", model.training);
}

void describe_repair(const BehaviourModel& model, Facts& facts) {
  facts.section("repair");
  if (!model.repairer) return facts.add("edit tagger", "none: the model judges only (fit --no-repair)");
  const SequenceRepairer& repairer = *model.repairer;
  const ModelConfig& config = repairer.tagger.encoder().config();
  facts.add("edit tagger", std::to_string(config.num_hidden_layers) + " x " + std::to_string(config.hidden_size) +
                               ", window " + std::to_string(config.max_position_embeddings));
  const std::size_t normals = repairer.gate.gains.size();
  const double least = 1 / static_cast<double>(normals + 1);  // RepairGate::decide()
  facts.add("gate normals", normals, with_commas(normals) + ": --max-false-edits from " + percent(least) + " on");
  facts.add("least gain", repairer.threshold, fixed(repairer.threshold, 1) + " of an edit");
}

}  // namespace

std::optional<Error> describe_model(const std::string& directory, const LoadOptions& options, Facts& facts) {
  std::optional<Error> first;
  // What can be told is told, whatever else is wrong.
  const auto attempt = [&](auto step) {
    try {
      step();
    } catch (const Error& error) {
      if (!first) first = error;
    }
  };
  std::optional<ModelConfig> config;
  attempt([&] { config = load_model_config(directory); });
  if (config) {
    describe_encoder(*config, facts);
    attempt([&] {
      describe_weights(directory, facts);
      facts.add("precision", std::string(to_string(options.precision)));
    });
    if (holds_behaviour_model(directory)) {
      attempt([&] {
        const auto model = load_behaviour_model(directory, options);
        describe_heads(model->encoder.spec(), facts);
        describe_schema(model->schema, facts);
        describe_detector(*model, facts);
        facts.add("calibrated in", std::string(to_string(model->calibrated_in)));
        describe_notes(model->report, facts);
        describe_repair(*model, facts);
      });
    } else {
      LoadReport report;
      attempt([&] { describe_heads(load_model_spec(directory, {}, &report), facts); });
      attempt([&] { describe_texts(directory, *config, facts, report); });
      describe_notes(report, facts);
      if (!first) attempt([&] { check_loads(directory, options); });
    }
  }
  facts.conclude("loads", !first);
  return first;
}

}  // namespace seqguard::cli
