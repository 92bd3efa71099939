// Arena, errors, random numbers, instruction sets.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <set>
#include <string>
#include <vector>

#include "core/secret_hash.hpp"
#include "seqguard/core/arena.hpp"
#include "seqguard/core/error.hpp"
#include "seqguard/core/isa.hpp"
#include "seqguard/core/random.hpp"

using namespace seqguard;

TEST_CASE("an arena gives aligned memory that does not overlap") {
  Arena arena;
  std::vector<std::span<char>> parts;
  for (std::size_t size : {1, 64, 65, 0, 5000, 3}) parts.push_back(arena.allocate<char>(size));
  for (std::size_t i = 0; i < parts.size(); ++i) {
    CHECK(reinterpret_cast<std::uintptr_t>(parts[i].data()) % Arena::k_alignment == 0);
    std::fill(parts[i].begin(), parts[i].end(), static_cast<char>(i));
  }
  for (std::size_t i = 0; i < parts.size(); ++i)
    CHECK(std::all_of(parts[i].begin(), parts[i].end(), [&](char c) { return c == static_cast<char>(i); }));
}

TEST_CASE("an arena joins its blocks on reset and then serves the same demand from one") {
  Arena arena;
  const auto work = [&] {
    const Arena::Frame frame(arena);
    arena.allocate<float>(100);
    return arena.allocate<float>(3000).data() - arena.allocate<float>(10).data();
  };
  work();
  const std::size_t capacity = arena.capacity();
  CHECK(capacity >= 3110 * sizeof(float));
  const auto distance = work();
  CHECK(distance == -3008);  // neighbours in one block, 3000 rounded up to 64 bytes
  CHECK(arena.capacity() == capacity);
}

TEST_CASE("frames of an arena release in the reverse order of their making") {
  Arena arena(1024);
  const Arena::Frame outer(arena);
  char* first = arena.allocate<char>(10).data();
  char* inner_memory;
  {
    const Arena::Frame inner(arena);
    inner_memory = arena.allocate<char>(10).data();
  }
  CHECK(arena.allocate<char>(10).data() == inner_memory);
  CHECK(first != inner_memory);
}

TEST_CASE("errors carry a code and say where, what, expected and found") {
  CHECK_THROWS_WITH_AS(fail(ErrorCode::bad_event, "file:3", "no key"), "file:3: no key", Error);
  CHECK_THROWS_WITH_AS(fail(ErrorCode::bad_event, "x", "size", "3", "4"), "x: size, expected 3, found 4", Error);
  // What a file calls itself cannot command a terminal. U+009B is one of the ways, U+00E9 a letter.
  CHECK_THROWS_WITH_AS(fail(ErrorCode::bad_event, "a\x1B[2Jb", "caf\xC3\xA9\n",
                            "\xC2\x9B"
                            "2J",
                            "\x7F"),
                       "a?[2Jb: caf\xC3\xA9?, expected ?2J, found ?", Error);
  try {
    fail(ErrorCode::non_finite, "", "");
  } catch (const Error& error) {
    CHECK(to_string(error.code()) == "non_finite");
  }
}

TEST_CASE("a secret hash: one of each text, another for another object, and no text of one hash can be written") {
  const SecretHash hash, copy = hash, other;
  CHECK(hash("text") == copy("text"));
  CHECK(hash("text") != other("text"));
  std::set<std::size_t> seen;
  for (std::size_t size = 0; size < 40; ++size) seen.insert(hash(std::string(size, '\0')));
  CHECK(seen.size() == 40);
  // Of std::hash these four are one: the blocks A and B differ in the highest bit of what they add.
  const std::string a = "\xC8\x92_a\xD4\x96\xC2\xA2", b = "\xC8\x92\x1C{o|j1";
  seen = {hash(a + a + a + a), hash(a + a + b + b), hash(b + b + a + a), hash(b + b + b + b)};
  CHECK(seen.size() == 4);
}

TEST_CASE("a secret hash is SipHash-1-3") {
  // hash() of bytes in CPython 3.11, whose key is zero under PYTHONHASHSEED=0.
  constexpr SecretHash hash(0, 0);
  CHECK(hash("a") == 0x407448D2B89B1813u);
  CHECK(hash("sequence") == 0x49BB65C2EA163039u);
  CHECK(hash("seqguard: 23 bytes long") == 0x8CB2868C3C7A16u);
}

TEST_CASE("random numbers are a function of seed, stream and position") {
  Random a(1, 2), b(1, 2), other_seed(2, 2), other_stream(1, 3);
  const std::uint64_t first = a.bits();
  CHECK(first == b.bits());
  CHECK(first == random_bits(1, 2, 0));
  CHECK(first != other_seed.bits());
  CHECK(first != other_stream.bits());
  for (int i = 0; i < 10; ++i) a.uniform();
  b.seek(a.position());
  CHECK(a.bits() == b.bits());
  // SplitMix64's first output for seed 0 (reference implementation by Vigna).
  CHECK(mix64(0) == 0xE220A8397B1DCDAFu);
}

TEST_CASE("random numbers have the moments of their distribution") {
  constexpr int k_draws = 20'000;
  Random random(7);
  double uniform = 0, normal = 0, squares = 0;
  std::vector<int> counts(7);
  for (int i = 0; i < k_draws; ++i) {
    uniform += random.uniform() / k_draws;
    const double z = random.normal();
    normal += z / k_draws;
    squares += z * z / k_draws;
    ++counts[random.below(7)];
  }
  // Five standard errors: sqrt(1/12), 1 and sqrt(2) over sqrt(20,000) = 0.0020, 0.0071, 0.0100; counts: 49.
  CHECK(std::abs(uniform - 0.5) < 0.0102);
  CHECK(std::abs(normal) < 0.036);
  CHECK(std::abs(squares - 1) < 0.05);
  for (const int count : counts) CHECK(std::abs(count - k_draws / 7) < 250);
}

TEST_CASE("a shuffle keeps all elements and moves them") {
  std::vector<int> values(50), sorted;
  for (int i = 0; i < 50; ++i) values[static_cast<std::size_t>(i)] = i;
  sorted = values;
  Random(3).shuffle(values);
  CHECK(values != sorted);
  std::sort(values.begin(), values.end());
  CHECK(values == sorted);
}

TEST_CASE("instruction sets: names, order and choice") {
  const auto available = available_isas();
  REQUIRE(!available.empty());
  CHECK(available.front() == Isa::baseline);
  CHECK(std::is_sorted(available.begin(), available.end()));
  for (const Isa isa : available) CHECK(isa_from_string(to_string(isa)) == isa);
  CHECK_THROWS_WITH_AS(isa_from_string("sse9"),
                       "instruction set: unknown name, expected baseline, avx2, avx512 or avx512_bf16, found sse9",
                       Error);
  const char* before = std::getenv("SEQGUARD_FORCE_ISA");
  const std::string restore = before != nullptr ? before : "";
  ::setenv("SEQGUARD_FORCE_ISA", "baseline", 1);
  CHECK(default_isa() == Isa::baseline);
  ::setenv("SEQGUARD_FORCE_ISA", "sse9", 1);
  CHECK_THROWS_AS(default_isa(), Error);
  ::setenv("SEQGUARD_FORCE_ISA", "", 1);
  CHECK(default_isa() == available.back());
  ::setenv("SEQGUARD_FORCE_ISA", restore.c_str(), 1);
}
