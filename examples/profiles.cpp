// One model, a profile for every user: somebody who uses another's account is found although what they do is ordinary.
//
//   build/release/examples/profiles
#include <cstdio>
#include <string>
#include <vector>

#include "seqguard/seqguard.hpp"
#include "seqguard/sequence_scorer/behaviour_model.hpp"

using namespace seqguard;

namespace {

/// A session of one user: everybody reads, but some mostly write mail, others mostly look at maps, ..
std::string session(std::size_t user, Random& random) {
  constexpr const char* k_habits[] = {"mail", "maps", "news", "photos", "music", "notes"};
  std::string events = "login";
  for (std::size_t i = 0; i < 12; ++i) {
    const double u = random.uniform();
    events += u < 0.45   ? " read"
              : u < 0.55 ? " search"
              : u < 0.85 ? std::string(" ") + k_habits[user % 6]
                         : std::string(" ") + k_habits[random.below(6)];
  }
  return events + " logout";
}

/// `count` sessions of each of `users` users, as lines: KEY, tab, events.
std::string sessions(std::size_t users, std::size_t count, std::uint64_t seed) {
  Random random(seed);
  std::string lines;
  for (std::size_t i = 0; i < count; ++i)
    for (std::size_t user = 0; user < users; ++user)
      lines += "user" + std::to_string(user) + "\t" + session(user, random) + "\n";
  return lines;
}

/// Judges one session under a key, and shows it.
Score judge(const SequenceScorer& scorer, const char* what, const std::string& key, const std::string& text) {
  const Dataset data = read_events_from_text(key + "\t" + text, "session",
                                             {.format = DataFormat::lines, .schema = scorer.schema().get()});
  const Score score = scorer.score(data.view(0));
  std::printf("%-34s score %5.2f, p %.4f, %s by %s\n", what, score.value, score.p_value,
              score.is_anomaly ? "abnormal" : "normal", score.has_profile ? "their own profile" : "the population");
  return score;
}

}  // namespace

int main() {
  // Normal sessions of forty users; the key in front of the tab says whose each is.
  const Dataset normals =
      read_events_from_text(sessions(40, 8, 1), "normal.txt", {.format = DataFormat::lines, .profile_key = "key"});
  FitOptions options;
  options.epochs = 20;
  options.repair = false;
  const SequenceScorer scorer(fit(normals, options));

  Random random(7);
  const std::string mine = session(3, random), theirs = session(4, random);
  const Score own = judge(scorer, "user3 as always", "user3", mine);
  const Score taken_over = judge(scorer, "user3, but it is user4", "user3", theirs);
  const Score new_key = judge(scorer, "a new user", "newcomer", theirs);

  // The newcomer's first normal sessions make a profile, without learning anew; on request it is forgotten.
  auto scratch = scorer.make_scratch(64);
  for (int i = 0; i < 5; ++i) {
    const Dataset data = read_events_from_text("newcomer\t" + session(4, random), "session",
                                               {.format = DataFormat::lines, .schema = scorer.schema().get()});
    scorer.update_profile("newcomer", data.view(0), scratch);
  }
  const Score known = judge(scorer, "the newcomer after five sessions", "newcomer", theirs);
  const bool forgotten = scorer.forget("newcomer");
  return taken_over.value > own.value && !new_key.has_profile && known.has_profile && forgotten ? 0 : 1;
}
