// What a model directory or a data file contains.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include "cli/options.hpp"
#include "cli/read_input.hpp"
#include "core/json_writer.hpp"
#include "seqguard/core/error.hpp"
#include "seqguard/report/exploration_report.hpp"

namespace seqguard::cli {

/// Named facts in sections, collected once and shown as text and as JSON.
class Facts {
 public:
  Facts() { json_.begin_object(); }

  void section(std::string_view name) {
    if (in_section_) json_.end_object();
    in_section_ = true;
    json_.key(name).begin_object();
    text_ += std::string(name) + "\n";
  }
  /// `shown` is the form for people.
  template <class T>
  void add(std::string_view name, const T& value, std::string_view shown) {
    std::string id(name);
    std::replace(id.begin(), id.end(), ' ', '_');
    json_.field(id, value);
    text_ += "  " + std::string(name) + std::string(name.size() < 22 ? 22 - name.size() : 1, ' ') + std::string(shown) +
             "\n";
  }
  void add(std::string_view name, const std::string& value) { add(name, value, value); }
  /// JSON alone, after the sections.
  void attach(std::string_view name, const JsonWriter& json) {
    if (in_section_) json_.end_object();
    in_section_ = false;
    json_.key(name).raw(json.text());
  }
  /// A fact about the whole, after the sections.
  void conclude(std::string_view name, bool value) {
    if (in_section_) json_.end_object();
    in_section_ = false;
    json_.field(name, value);
    text_ += std::string(name) + ": " + (value ? "yes" : "no") + "\n";
  }

  const std::string& text() const noexcept { return text_; }
  std::string json() const {
    JsonWriter json = json_;
    if (in_section_) json.end_object();
    json.end_object().end_line();
    return json.text();
  }

 private:
  std::string text_;
  JsonWriter json_;
  bool in_section_ = false;
};

/// A Hugging Face directory, with our sidecar files or without, and whether it can be loaded; returns the first error
/// where it cannot.
std::optional<Error> describe_model(const std::string& directory, const LoadOptions& options, Facts& facts);

/// A file of sequences, with --model as it judges them; writes the page where one is asked for. Returns the exit code.
int describe_data(const InspectOptions& options, Facts& facts);

/// All numbers of the page, as an object.
void write_exploration(const Exploration& exploration, JsonWriter& json);
void write_judged(const JudgedData& judged, JsonWriter& json);

}  // namespace seqguard::cli
