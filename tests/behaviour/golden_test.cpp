// Nothing that a model does changes unnoticed: losses, scores, p-values, worst events and repairs are compared bit for
// bit with committed records, on AVX2 and the own matrix backend (processors change between machines).
//
// Where bits change on purpose, SEQGUARD_MAKE_GOLDEN=1 writes the records again, in a commit of its own that says why.
// The model in golden/model is never made again: it was written at 0.1.0, and every later version must read it.
#include <doctest/doctest.h>

#include <algorithm>

#include "behaviour/record.hpp"
#include "seqguard/core/random.hpp"
#include "seqguard/events/simulator.hpp"
#include "seqguard/sequence_scorer/behaviour_model.hpp"

using namespace seqguard;
using namespace seqguard::tests;

namespace {

const std::string k_directory = std::string(SEQGUARD_SOURCE_DIR) + "/tests/behaviour/golden/";
const std::string k_goldens = std::string(SEQGUARD_SOURCE_DIR) + "/tests/golden/";

bool has_avx2() {
  const auto isas = available_isas();
  if (std::find(isas.begin(), isas.end(), Isa::avx2) != isas.end()) return true;
  MESSAGE("NOT TESTED: this CPU does not offer avx2");
  return false;
}

void compare(const std::string& name, const Record& record) {
  const std::string path = k_directory + name + ".txt";
  if (std::getenv("SEQGUARD_MAKE_GOLDEN") != nullptr) write_file_atomically(path, record.text());
  const std::string golden = read_file(path, std::size_t{1} << 24);
  const std::size_t line = first_difference(golden, record.text());
  CAPTURE(line);
  if (line > 0) {
    CHECK(line_of(record.text(), line) == line_of(golden, line));
  }
  CHECK(line == 0);
}

FitOptions fit_options(std::size_t epochs, double target_fpr) {
  FitOptions options;
  options.epochs = epochs;
  options.target_fpr = target_fpr;
  options.seed = 5;
  options.compute = {.isa = Isa::avx2, .matmul = MatmulBackend::own};
  return options;
}

Dataset read_text(const std::string& text, const std::string& name) { return read_events_from_text(text, name); }

/// A walk through a grammar, the last third of the sequences with a few events of another order.
std::string lines_text(std::size_t count, std::uint64_t seed, bool odd) {
  constexpr const char* words[] = {"login", "search", "view", "cart", "pay", "list", "zoom", "logout"};
  std::string text;
  for (std::size_t s = 0; s < count; ++s) {
    Random random(seed, s);
    std::string line = "login";
    for (std::size_t round = 2 + random.below(5); round > 0; --round) {
      line += random.uniform() < 0.5 ? " search view" : " list view zoom";
      if (random.uniform() < 0.3) line += " cart pay";
      if (odd && random.uniform() < 0.4) line += std::string(" ") + words[random.below(8)];
    }
    text += line + " logout\n";
  }
  return text;
}

/// Users who buy each of some items once: two neighbourhoods of 20 items. `odd`: some items of the other one.
std::string items_text(std::size_t users, std::uint64_t seed, bool odd) {
  std::string text = "user_id:token\titem_id:token\n";
  for (std::size_t user = 0; user < users; ++user) {
    Random random(seed, user);
    std::vector<std::size_t> items(20);
    for (std::size_t i = 0; i < items.size(); ++i) items[i] = i;
    random.shuffle(items);
    items.resize(6 + random.below(6));
    const std::size_t home = 20 * random.below(2);
    for (const std::size_t item : items) {
      const bool moved = odd && random.uniform() < 0.2;
      text += "u" + std::to_string(user) + "\ti" + std::to_string(item + (moved ? 20 - home : home)) + "\n";
    }
  }
  return text;
}

Record behaviour_of(const Dataset& train, const Dataset& judged, const FitOptions& options, std::size_t count,
                    std::shared_ptr<const BehaviourModel>* keep = nullptr) {
  Record record;
  FitReport report;
  const auto pool = make_thread_pool(2);
  const auto model = fit(train, options, &report, *pool, loss_sink(record));
  record.word("plan").word(to_json(report.plan)).end();
  record.word("report").number(report.validation_loss).number(report.drift_auroc).count(report.calibration_normals);
  record.count(report.kept_normals).end();
  add_sequences(record, SequenceScorer(model), judged, count);
  if (keep != nullptr) *keep = model;
  return record;
}

Dataset shop(std::uint64_t seed, std::size_t users, bool damaged) {
  const std::vector<ShopUser> simulated = simulate_shop(users, seed);
  return read_text(damaged ? shop_events_csv(simulated) : shop_clean_csv(simulated), "shop.csv");
}

}  // namespace

TEST_CASE("behaviour of a model of lines whose encoder is cross-fitted") {
  if (!has_avx2()) return;
  compare("lines", behaviour_of(read_text(lines_text(120, 1, false), "lines.txt"),
                                read_text(lines_text(10, 2, true), "odd.txt"), fit_options(50, 0.03), 10));
}

TEST_CASE("behaviour of a model of items, of which nobody buys one twice") {
  if (!has_avx2()) return;
  compare("items", behaviour_of(read_text(items_text(150, 1, false), "items.inter"),
                                read_text(items_text(8, 2, true), "odd.inter"), fit_options(60, 0.05), 8));
}

TEST_CASE("behaviour of a model of a shop: several columns and times") {
  if (!has_avx2()) return;
  std::shared_ptr<const BehaviourModel> model;
  FitOptions options = fit_options(12, 0.1);
  options.window = 32;
  options.size = EncoderSize::tiny;
  const Record record = behaviour_of(shop(3, 60, false), shop(4, 60, true), options, 12, &model);
  if (!directory_exists(k_directory + "model")) save_behaviour_model(*model, k_directory + "model");
  compare("shop", record);
}

TEST_CASE("a model written at 0.1.0 is read and judges as it did") {
  if (!has_avx2()) return;
  Record record;
  const LoadOptions load{.isa = Isa::avx2, .matmul = MatmulBackend::own};
  add_sequences(record, SequenceScorer::load(k_directory + "model", load), shop(4, 60, true), 12);
  compare("model", record);
}

TEST_CASE("behaviour of text checkpoints") {
  if (!has_avx2()) return;
  const std::vector<std::string> texts = {"Does this lamp come with a bulb?", "a", "The cat sat on the mat."};
  const LoadOptions load{.isa = Isa::avx2, .matmul = MatmulBackend::own};
  Record record;
  const auto add = [&](const char* what, const std::vector<float>& numbers) {
    record.word(what);
    for (const float number : numbers) record.number(number);
    record.end();
  };
  const TextModel sentence = TextModel::load(k_goldens + "text_sentence", load),
                  pairs = TextModel::load(k_goldens + "text_pairs", load),
                  tokens = TextModel::load(k_goldens + "text_tokens", load);
  auto sentence_scratch = sentence.make_scratch(), pairs_scratch = pairs.make_scratch(),
       tokens_scratch = tokens.make_scratch();
  for (const std::string& text : texts) {
    std::vector<float> out(sentence.embedding_size());
    sentence.embed(text, out, sentence_scratch);
    add("embedding", out);
    out.resize(pairs.labels().size());
    pairs.classify(text, texts.back(), out, pairs_scratch);
    add("classes", out);
    tokens.classify_tokens(text, out, tokens_scratch);
    add("tokens", out);
  }
  compare("text", record);
}
