// docs/checkpoints.md: its tables are those that the readers use, and every row is what it says. A directory is made
// for each row, and loaded.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "model/checkpoint_rows.hpp"
#include "seqguard/core/error.hpp"
#include "seqguard/model/checkpoint.hpp"
#include "sequence_scorer/text_golden.hpp"
#include "support/readme_table.hpp"
#include "text/tokenizer_config.hpp"

using namespace seqguard;
using namespace seqguard::tests;
using nlohmann::json;

namespace {

namespace fs = std::filesystem;

/// What loading a directory came to.
struct Loaded {
  std::string error;  // with the code; empty: loaded
  std::vector<std::string> notes;
  std::vector<float> result;  // for one text

  bool notes_name(std::string_view name) const {
    return std::any_of(notes.begin(), notes.end(), [&](const std::string& note) {
      return note.find("not read") != std::string::npos && note.find(name) != std::string::npos;
    });
  }
};

Loaded load(const std::string& path) {
  Loaded loaded;
  try {
    const TextModel model = TextModel::load(path);
    loaded.notes = model.load_report().notes;
    const TextScore score = model.score("the quick fox");
    loaded.result = score.embedding.empty() ? score.probabilities : score.embedding;
  } catch (const Error& error) {
    loaded.error = std::string(to_string(error.code())) + " " + error.what();
  }
  return loaded;
}

/// A golden checkpoint in a directory of its own.
struct Copy {
  TemporaryDirectory directory;
  std::string path = directory / "model";

  explicit Copy(const std::string& name) {
    fs::copy(k_golden + name, path, fs::copy_options::recursive);
    for (const char* file : {"/texts.json", "/expected.safetensors"}) fs::remove(path + file);
  }
  json read(const std::string& file) const {
    const std::string full = path + "/" + file;
    return file_exists(full) ? json::parse(read_file(full, 1u << 20)) : json::object();
  }
  void write(const std::string& file, const json& content) const {
    fs::create_directories(fs::path(path + "/" + file).parent_path());
    write_file_atomically(path + "/" + file, content.dump());
  }
  void set(const std::string& file, const std::string& field, const json& value) const {
    json content = read(file);
    (content.is_array() ? content[0] : content)[field] = value;
    write(file, content);
  }
};

/// text_sentence, whose modules have every file of the table.
struct Modules : Copy {
  Modules() : Copy("text_sentence") {
    json modules = read("modules.json");
    modules.push_back({{"type", "Dropout"}, {"path", "2_Dropout"}, {"name", "d"}, {"idx", 8}});
    modules.push_back({{"type", "Normalize"}, {"path", "3_Normalize"}, {"name", "n"}, {"idx", 9}});
    write("modules.json", modules);
    write("2_Dropout/config.json", json::object());
    write("3_Normalize/config.json", json::object());
  }
};

/// A field's value that no reader takes.
const json k_wrong = json::array({json::array({3.5})});

template <class Base>
void check_row(const KnownField& row) {
  const std::string file(row.file), field = row.field == "*_token" ? "image_token" : std::string(row.field);
  CAPTURE(file);
  CAPTURE(field);
  const auto load_with = [&](const json& value) {
    const Base base;
    base.set(file, field, value);
    return load(base.path);
  };
  if (row.treatment == Treatment::refused) {
    const Loaded refused = load_with(json::parse(row.example));
    CHECK(refused.error.find("unsupported") == 0);
    CHECK(refused.error.find("/" + file + ": ") != std::string::npos);
    CHECK(refused.error.find(field + " is not supported") != std::string::npos);
    for (std::string_view rest = row.neutral; !rest.empty();) {
      const std::size_t end = std::min(rest.find(' '), rest.size());
      const Loaded neutral = load_with(json::parse(rest.substr(0, end)));
      CHECK(neutral.error == "");
      CHECK(neutral.notes.empty());
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return;
  }
  if (row.treatment == Treatment::obeyed) {
    if (field == "image_token" || field == "prompts" || field == "sentence_transformers") return;  // tests of their own
    const Loaded wrong = load_with(k_wrong);
    CHECK(wrong.error.find(field) != std::string::npos);
    return;
  }
  const Loaded loaded = load_with(json::parse(row.example));
  CHECK(loaded.error == "");
  CHECK_FALSE(loaded.notes_name(field));
  CHECK(loaded.result == load(Base().path).result);
}

struct Pairs : Copy {
  Pairs() : Copy("text_pairs") { fs::remove(path + "/tokenizer_config.json"); }
};
struct Roberta : Copy {
  Roberta() : Copy("text_pairs") {
    fs::copy_file(k_golden + "tokenizers/roberta.json", path + "/tokenizer.json", fs::copy_options::overwrite_existing);
    write("tokenizer_config.json", {{"tokenizer_class", "RobertaTokenizer"}});
  }
};

/// Rows of config.json that BERT does not have: some family reads them.
void check_row_of_family(const KnownField& row) {
  const std::string field(row.field);
  CAPTURE(field);
  bool is_read = false;
  for (const char* name : {"distilbert_Model", "albert_Model", "electra_Model", "mpnet_Model", "modernbert_Model"}) {
    json config = json::parse(read_file(k_golden + name + "/config.json", 1u << 20));
    config.erase("layer_types");  // beside which global_attn_every_n_layers is not read
    config[field] = k_wrong;
    try {
      parse_config(config.dump(), "config.json");
    } catch (const Error& error) {
      is_read |= std::string(error.what()).find(field) != std::string::npos;
    }
  }
  CHECK(is_read);
  const Pairs base;
  base.set("config.json", field, k_wrong);
  const Loaded loaded = load(base.path);
  CHECK(loaded.error == "");
  CHECK(loaded.notes_name(field));
}

std::string table_of(std::span<const KnownField> rows, bool files) {
  std::string text =
      files ? "| file | treatment | why |\n|---|---|---|\n" : "| file | field | treatment | why |\n|---|---|---|---|\n";
  for (const KnownField& row : rows) {
    if (files != row.field.empty()) continue;
    text += "| `" + std::string(row.file) + "` | ";
    if (!files) text += "`" + std::string(row.field) + "` | ";
    text += std::string(to_string(row.treatment));
    if (!row.neutral.empty()) {
      std::string neutral(row.neutral);
      for (std::size_t at; (at = neutral.find(' ')) != std::string::npos;) neutral.replace(at, 1, "`,`");
      text += " unless `" + neutral + "`";
    }
    text += " | " + std::string(row.what) + " |\n";
  }
  return text;
}

void check_table(const std::string& name, std::span<const KnownField> rows, bool files = false) {
  check_readme_table(name, "tests/sequence_scorer/checkpoint_table_test.cpp", table_of(rows, files),
                     "docs/checkpoints.md");
}

}  // namespace

TEST_CASE("the tables of docs/checkpoints.md are those that the readers use") {
  check_table("files", file_rows(), true);
  check_table("config", config_rows());
  check_table("tokenizer", tokenizer_rows());
  check_table("modules", sentence_rows());
}

TEST_CASE("every row of config.json is what the table says") {
  for (const KnownField& row : config_rows()) {
    if (row.treatment != Treatment::obeyed) {
      check_row<Pairs>(row);
      continue;
    }
    const Pairs base;
    base.set("config.json", std::string(row.field), k_wrong);
    if (load(base.path).error.empty() && row.field != "sentence_transformers")
      check_row_of_family(row);
    else
      check_row<Pairs>(row);
  }
}

TEST_CASE("every row of the tokenizer's files is what the table says") {
  for (const KnownField& row : tokenizer_rows()) {
    if (row.field.empty()) {
      const bool named = std::any_of(file_rows().begin(), file_rows().end(),
                                     [&](const KnownField& file) { return file.file == row.file; });
      CHECK(named);
    } else if (row.field == "add_prefix_space" || row.field == "trim_offsets") {
      check_row<Roberta>(row);
    } else {
      check_row<Pairs>(row);
    }
  }
}

TEST_CASE("every row of the modules' files is what the table says") {
  for (const KnownField& row : sentence_rows())
    if (!row.field.empty()) check_row<Modules>(row);
}

TEST_CASE("every file of the table is what it says, and others are noted") {
  for (const KnownField& row : file_rows()) {
    std::string name(row.file);
    std::replace(name.begin(), name.end(), '*', 'x');
    std::replace(name.begin(), name.end(), '?', '7');
    CAPTURE(name);
    const Pairs base;
    const std::string path = base.path + "/" + name;
    if (name.ends_with('/'))
      fs::create_directory(path);
    else if (!file_exists(path) && row.treatment != Treatment::obeyed)
      write_file_atomically(path, "{}");
    const Loaded loaded = load(base.path);
    if (row.treatment == Treatment::refused) {
      CHECK(loaded.error.find("unsupported_model " + path) == 0);
    } else {
      CHECK(loaded.error == "");
      CHECK(loaded.notes.empty());
    }
  }
  const Pairs base;
  for (const char* name : {"model.fp16.safetensors", "model_head.pkl", "heads.json.old"})
    write_file_atomically(base.path + "/" + name, "x");
  fs::create_directory(base.path + "/extra");
  REQUIRE(load(base.path).notes.size() == 1);
  CHECK(load(base.path).notes[0] == base.path +
                                        ": not read: extra/, heads.json.old, model.fp16.safetensors, model_head.pkl "
                                        "(docs/checkpoints.md says what is)");
}
