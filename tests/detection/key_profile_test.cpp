// Profiles of keys: counts, distances, bytes, the store.
#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <thread>
#include <vector>

#include "detection/keys.hpp"
#include "detection/ngram_model.hpp"
#include "seqguard/core/error.hpp"
#include "seqguard/core/files.hpp"
#include "seqguard/detection/detector.hpp"
#include "seqguard/detection/key_store.hpp"
#include "support/temporary_directory.hpp"

using namespace seqguard;

TEST_CASE("bigram counts give the likelihood of an n-gram model of order 2") {
  const Sequences sequences = random_walks(30, 12, 5, 3);
  const Normals normals(views_of(sequences));
  NgramModel model;
  model.fit(normals, 2);
  const double base = 1.0 / static_cast<double>(normals.alphabet() + 2);
  const BigramCounts counts = profile_of(sequences, 1 << 20).counts();
  FeatureExtractor extractor;
  for (const auto& events : random_walks(20, 14, 5, 4)) {  // two types are new
    const SequenceFeatures& features = extractor.extract(events);
    const std::vector<double> bases(features.bigrams.size(), base);
    CHECK(mean_surprise(counts, features, bases) == doctest::Approx(model.surprise(events)).epsilon(1e-12));
  }
}

TEST_CASE("distances to a key are those of the views of the same name") {
  const Sequences sequences = random_walks(9, 6, 4, 5);
  const Normals normals(views_of(sequences));
  const KeyProfile profile = profile_of(sequences);
  DetectionScratch scratch;
  const std::pair<KeyDistance, const char*> names[] = {{KeyDistance::types, "types"},
                                                       {KeyDistance::logcount, "logcount"},
                                                       {KeyDistance::pairset, "pairset"},
                                                       {KeyDistance::bigrams, "bigrams"}};
  for (const auto& [distance, name] : names) {
    const auto detector = make_detector(name);
    detector->fit(normals);
    for (const auto& events : random_walks(20, 8, 4, 6)) {
      const SequenceFeatures& features = scratch.features.extract(events);
      KeyDistances distances = {};
      sample_distances(profile.sample(), features, distances);
      CAPTURE(name);
      CHECK(distances[static_cast<std::size_t>(distance)] ==
            doctest::Approx(detector->decision_function(features, scratch)).epsilon(1e-5));
    }
  }
}

TEST_CASE("a profile without a sequence is that to which it was never added") {
  const Sequences sequences = random_walks(7, 6, 4, 7);
  FeatureExtractor extractor;
  for (std::size_t left_out = 0; left_out < sequences.size(); ++left_out) {
    Sequences others = sequences;
    others.erase(others.begin() + static_cast<std::ptrdiff_t>(left_out));
    const auto& gone = sequences[left_out];
    CHECK(profile_of(sequences).without(gone, extractor.extract(gone)).to_bytes() == profile_of(others).to_bytes());
  }
  // One of two copies.
  const Sequences twice = {{1, 2, 3}, {1, 2, 3}, {4, 5}};
  CHECK(profile_of(twice).without(twice[0], extractor.extract(twice[0])).to_bytes() ==
        profile_of({{1, 2, 3}, {4, 5}}).to_bytes());
}

TEST_CASE("a profile stays within its bytes, whatever is added, and comes back from them") {
  const Sequences sequences = random_walks(400, 60, 20, 8);
  const KeyProfile profile = profile_of(sequences, 4096);
  CHECK(profile.sequences() == 400);
  CHECK(profile.sample().size() >= 5);
  CHECK(profile.sample().size() < 100);
  const std::string bytes = profile.to_bytes();
  CHECK(bytes.size() <= 4096 + 32);  // two numbers of how many there are
  KeyProfile again;
  again.read(bytes, "test");
  CHECK(again.to_bytes() == bytes);
  // The sample does not depend on the order in which sequences came.
  Sequences reversed(sequences.rbegin(), sequences.rend());
  const KeyProfile other = profile_of(reversed, 4096);
  REQUIRE(other.sample().size() > 0);
  CHECK(other.sample()[0].hash == profile.sample()[0].hash);
}

TEST_CASE("sequences too long to be kept are counted, and the profile stays within its bytes") {
  Sequences sequences = random_walks(6, 8, 4, 14);
  for (const auto& long_one : random_walks(3, 900, 3000, 15)) sequences.push_back(long_one);
  const KeyProfile profile = profile_of(sequences, 2048);
  CHECK(profile.sequences() == 9);
  CHECK(profile.sample().size() == 6);
  CHECK(profile.to_bytes().size() <= 2048 + 32);
  CHECK(profile.counts().total() > 0);
}

TEST_CASE("damaged bytes of a profile are refused, not read") {
  const std::string bytes = profile_of(random_walks(6, 6, 4, 9)).to_bytes();
  KeyProfile profile;
  for (std::size_t size = 0; size < bytes.size(); ++size)
    CHECK_THROWS_AS(profile.read(std::string_view(bytes).substr(0, size), "test"), Error);
  CHECK_THROWS_AS(profile.read(bytes + "x", "test"), Error);
  std::size_t refused = 0;
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    std::string damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ 0xFF);
    try {
      profile.read(damaged, "test");
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::bad_checkpoint);
      ++refused;
    }
  }
  CHECK(refused > bytes.size() / 4);  // the others are other sequences
}

TEST_CASE("a sequence of another habit fits its key less well than others") {
  const Keys keys;
  const SelfViews views = keys.views();
  FeatureExtractor extractor;
  SelfScratch scratch;
  std::size_t apart = 0, all = 0;
  for (const auto& [key, profile] : keys.profiles) {
    const auto own = habit(5, 1 + key % 3, 500 + key), foreign = habit(5, 1 + (key + 1) % 3, 600 + key);
    for (std::size_t i = 0; i < own.size(); ++i) {
      const double mine = views.numbers(key, profile, extractor.extract(own[i]), scratch)[0];
      const double theirs = views.numbers(key, profile, extractor.extract(foreign[i]), scratch)[0];
      apart += mine < theirs ? 1 : 0;
      ++all;
    }
  }
  CHECK(apart > 0.9 * static_cast<double>(all));
}

TEST_CASE("a key with too few normals has no numbers, and the own key is never among those it is compared with") {
  const Keys keys;
  const SelfViews views = keys.views();
  FeatureExtractor extractor;
  SelfScratch scratch;
  const Sequences two = habit(2, 1, 1), sequence = habit(1, 1, 2);
  const SequenceFeatures& features = extractor.extract(sequence[0]);
  for (const double number : views.numbers(99, profile_of(two), features, scratch)) CHECK(std::isnan(number));
  // As another key, the same profile is compared with one more, itself.
  const auto& [key, profile] = keys.profiles[2];  // whose habit the sequence has
  REQUIRE(views.is_in_cohort(key));
  const double as_itself = views.numbers(key, profile, features, scratch)[0];
  CHECK(scratch.of_cohort.size() == keys.profiles.size() - 1);
  CHECK(as_itself != views.numbers(99, profile, features, scratch)[0]);
  CHECK(scratch.of_cohort.size() == keys.profiles.size());
}

TEST_CASE("what keys are compared with comes back from its file bit for bit") {
  const Keys keys;
  const SelfViews views = keys.views();
  ProfileWriter writer;
  views.save(writer);
  const std::string bytes = writer.serialize();
  const SelfViews loaded = SelfViews::load(SafetensorsFile(std::as_bytes(std::span(bytes)), "population"));
  FeatureExtractor extractor;
  SelfScratch scratch;
  for (const auto& sequence : habit(10, 2, 77)) {
    const SequenceFeatures& features = extractor.extract(sequence);
    CHECK(views.numbers(3, keys.profiles[2].second, features, scratch) ==
          loaded.numbers(3, keys.profiles[2].second, features, scratch));
  }
}

TEST_CASE("a store adds, finds and forgets, and its file is whole or refused") {
  const TemporaryDirectory directory;
  KeyStore store(4096);
  FeatureExtractor extractor;
  const Sequences sequences = random_walks(40, 8, 5, 11);
  for (std::size_t i = 0; i < sequences.size(); ++i) store.add(i % 10, sequences[i], extractor.extract(sequences[i]));
  CHECK(store.size() == 10);
  KeyProfile profile;
  std::string buffer;
  REQUIRE(store.find(3, profile, buffer));
  CHECK(profile.sequences() == 4);
  CHECK_FALSE(store.find(11, profile, buffer));
  CHECK(profile.sequences() == 0);
  CHECK(store.forget(4));
  CHECK_FALSE(store.forget(4));
  const std::string path = directory / "keys.bin";
  store.save(path, "model");
  const KeyStore loaded = KeyStore::load(path, "model");
  CHECK(loaded.size() == 9);
  CHECK(loaded.bytes() == store.bytes());
  CHECK(loaded.max_bytes() == 4096);
  CHECK(loaded.serialize("model") == store.serialize("model"));
  CHECK_THROWS_WITH_AS(KeyStore::load(path, "another"), doctest::Contains("profiles of another model"), Error);
  const std::string bytes = read_file(path, 1 << 20);
  for (std::size_t at = 0; at < bytes.size(); at += 7) {
    std::string damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    write_file_atomically(path, damaged);
    CHECK_THROWS_AS(KeyStore::load(path, "model"), Error);
    write_file_atomically(path, bytes.substr(0, at));
    CHECK_THROWS_AS(KeyStore::load(path, "model"), Error);
  }
}

TEST_CASE("threads that add to a store and read it lose nothing") {
  KeyStore store;
  const Sequences sequences = random_walks(200, 8, 5, 12);
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      FeatureExtractor extractor;
      KeyProfile profile;
      std::string buffer;
      for (std::size_t i = t; i < sequences.size(); i += 4) {
        store.add(i % 5, sequences[i], extractor.extract(sequences[i]));
        store.find((i + 1) % 5, profile, buffer);
      }
    });
  for (std::thread& thread : threads) thread.join();
  std::uint64_t added = 0;
  store.for_each([&](std::uint64_t, std::string_view bytes) {
    KeyProfile profile;
    profile.read(bytes, "test");
    added += profile.sequences();
  });
  CHECK(added == sequences.size());
}
