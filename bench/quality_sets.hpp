// The labelled data sets of the quality benchmark: which files, which split, and what is known about them.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace seqguard::bench {

/// One kind of abnormal sequences. `best_single`: AUROC of the best of some seventy single views, picked with the
/// labels of this very group (data/README.md and reference/detection.md, section 10): the yardstick of the regret. 0:
/// not known.
struct Group {
  std::string name, file;
  double best_single = 0;
};

struct QualitySet {
  std::string name, folder;
  std::string train = "train.txt", normal = "test_normal.txt";  ///< equal names: first half trains, second half tests
  std::vector<Group> groups;
  std::size_t last_events = 0;    ///< > 0: only the last so many events of each sequence
  double population_normals = 0;  ///< > 0: the normals of the full data set, for projected figures
  std::vector<std::string> presets = {"default"};
  std::string family;  ///< sets of one origin count once in the mean regret
  /// Of a set with columns, which is read from train.csv, test.csv and labels.csv: their names, the judged one first.
  /// Columns of numbers begin with "#".
  std::vector<std::string> columns = {};
  /// Lines are KEY, tab, events, and each sequence is judged by the profile of its key; in tables the key is the part
  /// of the first field before "_".
  bool keyed = false;

  bool is_simulated() const { return folder.empty(); }  ///< a shop, whose groups are kinds of damage
};

inline std::vector<QualitySet> quality_sets() {
  const auto bots = [](double s1, double s3, double s2, double traditional, double fake) {
    return std::vector<Group>{{"social_bot1", "social_bot1.txt", s1},
                              {"social_bot3", "social_bot3.txt", s3},
                              {"social_bot2", "social_bot2.txt", s2},
                              {"traditional", "traditional_spambot.txt", traditional},
                              {"fake_follower", "fake_follower.txt", fake}};
  };
  const auto kinds = [](std::vector<double> best, std::vector<std::string> names) {
    std::vector<Group> groups;
    for (std::size_t i = 0; i < names.size(); ++i) groups.push_back({names[i], "test_" + names[i] + ".txt", best[i]});
    return groups;
  };
  const std::vector<std::string> item_kinds = {"burst", "loop", "shuffle", "takeover", "truncate", "volume"};
  const std::vector<std::string> both = {"default", "traces"};
  const std::string genuine = "genuine_account.txt";
  const auto keyed = [](const std::string& name, const std::string& folder, const std::string& abnormal, double best,
                        std::vector<std::string> columns = {}) {
    QualitySet set{name, folder,      "train.txt", "test_normal.txt", {{"other", abnormal, best}}, 0,
                   0,    {"default"}, folder};
    if (!columns.empty()) set.train = "train.csv", set.normal = "test.csv";
    set.columns = std::move(columns);
    set.keyed = true;
    return set;
  };
  return {
      keyed("kypo_keyed", "kypo_keyed", "test_masquerade.txt", .820),
      keyed("dna_keyed", "dna_keyed", "test_masquerade.txt", .861),
      keyed("ml_keyed", "ml_keyed", "test_masquerade.txt", .706),
      keyed("mouse_takeover", "mouse_takeover", "test_abnormal.txt", .858),
      keyed("mouse_columns", "mouse_takeover", "", .858, {"action", "#distance", "#duration", "#curve"}),
      {"hdfs",
       "hdfs",
       "train.txt",
       "test_normal.txt",
       {{"abnormal", "test_abnormal.txt", 1.0}},
       0,
       553366,
       both,
       "hdfs"},
      {"openstack",
       "openstack",
       "train.txt",
       "test_normal.txt",
       {{"abnormal", "test_abnormal.txt", 1.0}},
       0,
       0,
       {"default"},
       "openstack"},
      {"adfa_ld",
       "adfa_ld",
       "train.txt",
       "test_normal.txt",
       {{"abnormal", "test_abnormal.txt", .860}},
       0,
       0,
       both,
       "adfa_ld"},
      {"bots_64", "dna_bots", genuine, genuine, bots(.990, .990, .990, .984, .998), 64, 0, {"default"}, "bots"},
      {"bots_whole", "dna_bots", genuine, genuine, bots(.993, .994, .993, .993, 1.0), 0, 0, {"default"}, "bots"},
      {"mit_lpr",
       "mit_lpr",
       "train.txt",
       "test_normal.txt",
       {{"abnormal", "test_abnormal.txt", 1.0}},
       0,
       0,
       {"default"},
       "lpr"},
      {"unm_lpr",
       "unm_lpr",
       "train.txt",
       "test_normal.txt",
       {{"abnormal", "test_abnormal.txt", .996}},
       0,
       0,
       {"default"},
       "lpr"},
      {"amazon_cn",
       "amazon_cn",
       "train.txt",
       "test_normal.txt",
       {{"spammer", "test_spammer.txt", .917}},
       0,
       0,
       {"default"},
       "amazon_cn"},
      {"filmtrust_attack",
       "filmtrust_attack",
       "train.txt",
       "test_normal.txt",
       {{"attack", "test_attack.txt", .995}},
       0,
       0,
       {"default"},
       "filmtrust"},
      {"kypo_task",
       "kypo_task",
       "train.txt",
       "test_normal.txt",
       {{"other_task", "test_other_task.txt", .887}},
       0,
       0,
       {"default"},
       "kypo"},
      {"ml_items",
       "ml_items",
       "train.txt",
       "test_normal.txt",
       kinds({.983, 1.0, .844, .828, .938, .987}, item_kinds),
       0,
       0,
       {"default"},
       "items"},
      {"ml_style",
       "ml_style",
       "train.txt",
       "test_normal.txt",
       kinds({.982, .997, .793, .580, .946, .837}, item_kinds),
       0,
       0,
       {"default"},
       "items"},
      {"video_items",
       "video_items",
       "train.txt",
       "test_normal.txt",
       kinds({.908, .998, .694, .584, .979, .883}, item_kinds),
       0,
       0,
       {"default"},
       "items"},
      {"ml_days",
       "ml_days",
       "train.txt",
       "test_normal.txt",
       kinds({.966, .696, 1.0, .981}, {"late", "loop", "rhythm", "volume"}),
       0,
       0,
       {"default"},
       "ml_days"},
      {"otc_fraud",
       "otc_fraud",
       "train.txt",
       "test_normal.txt",
       {{"fraud", "test_abnormal.txt", .783}},
       0,
       0,
       {"default"},
       "otc"},
      {"otc_columns",
       "otc_fraud",
       "train.csv",
       "test.csv",
       {{"fraud", "test.csv", .871}},
       0,
       0,
       {"default"},
       "otc",
       {"rating", "#value", "#partner_ratings"}},
      {"twitter_suspended",
       "twitter_suspended",
       "train.txt",
       "test_normal.txt",
       {{"suspended", "test_abnormal.txt", .605}},
       0,
       0,
       {"default"},
       "twitter"},
      {"shop",
       "",
       "",
       "",
       {{"all", ""},
        {"bot", ""},
        {"burst", ""},
        {"clock", ""},
        {"duplicated", ""},
        {"missing", ""},
        {"replaced", ""},
        {"takeover", ""}},
       0,
       0,
       {"default"},
       "shop"},
      {"twitter_columns",
       "twitter_suspended",
       "train.csv",
       "test.csv",
       {{"suspended", "test.csv", .795}},
       0,
       0,
       {"default"},
       "twitter",
       {"changed", "#followers", "#friends", "#listed", "#favourites", "#statuses"}},
  };
}

}  // namespace seqguard::bench
