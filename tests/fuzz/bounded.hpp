// Inputs that are made to cost as much as possible: what a reader may take, measured in a process of its own.
#pragma once

#include <doctest/doctest.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <string>

#include "seqguard/core/error.hpp"

namespace seqguard {

/// Bytes of a large input: 1 MiB in the suite, which is enough to see what grows with the square of the input;
/// SEQGUARD_LARGE_INPUT_MB=20 seqguard_test_fuzz -tc='large inputs*' measures those of 20 MiB and prints the figures.
inline std::size_t large_input_bytes() {
  const char* const megabytes = ::getenv("SEQGUARD_LARGE_INPUT_MB");
  return (megabytes != nullptr ? static_cast<std::size_t>(::atoi(megabytes)) : 1) << 20;
}

/// Runs work() in a child process: it ends within 10 s of processor time and 512 MB, by returning or with an Error.
template <class Work>
void check_bounded(const char* name, const Work& work) {
  constexpr rlim_t k_seconds = 10;
  constexpr long k_kilobytes = 512L << 10;
  const pid_t child = ::fork();
  if (child == 0) {
    const rlimit limit{k_seconds, k_seconds + 1};
    ::setrlimit(RLIMIT_CPU, &limit);
    int status = 0;
    std::string said = "read";
    try {
      work();
    } catch (const Error& error) {
      said = error.what();
    } catch (const std::exception& error) {
      said = error.what();
      status = 1;
    }
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    if (::getenv("SEQGUARD_LARGE_INPUT_MB") != nullptr)
      ::fprintf(stderr, "%-44s %6.2f s %5ld MB  %s\n", name,
                static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                    static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6,
                usage.ru_maxrss >> 10, said.substr(0, 150).c_str());
    ::_exit(status);
  }
  REQUIRE(child > 0);
  int status = 0;
  rusage usage{};
  ::wait4(child, &status, 0, &usage);
  CAPTURE(std::string(name));
  CHECK_MESSAGE(WIFEXITED(status), "ended by signal ", WIFSIGNALED(status) ? WTERMSIG(status) : 0);
  CHECK(WEXITSTATUS(status) == 0);
#ifndef __SANITIZE_ADDRESS__  // which takes more by itself
  CHECK(usage.ru_maxrss <= k_kilobytes);
#endif
}

/// `unit(i)` for i = 0, 1, .. with commas, as long as `bytes` are not reached.
template <class Unit>
std::string repeated(std::size_t bytes, const Unit& unit) {
  std::string text;
  text.reserve(bytes);
  for (std::size_t i = 0; text.size() < bytes; ++i) {
    if (i > 0) text += ',';
    text += unit(i);
  }
  return text;
}

/// Different lines with one std::hash of libstdc++ (MurmurHash2, which has no secret): of 16 bytes that are AA or BB
/// each, where block A and block B change the state's highest bit, twice, which changes nothing.
inline std::string colliding_lines(std::size_t bytes, const std::string& behind_each) {
  const std::string a = "\xC8\x92_a\xD4\x96\xC2\xA2", b = "\xC8\x92\x1C{o|j1";
  std::string text;
  for (std::size_t i = 0; text.size() < bytes; ++i) {
    for (std::size_t bit = 0; bit < 18; ++bit) text += (i >> bit & 1) != 0 ? a + a : b + b;
    text += behind_each;
  }
  return text;
}

/// Texts that any reader of JSON must refuse or read: what the parser itself makes of them.
inline std::string nasty_json(int kind, std::size_t bytes) {
  switch (kind) {
    case 0:
      return std::string(bytes, '[');
    case 1:
      return "{\"a\":\"" + std::string(bytes, 'x') + "\"}";
    case 2:
      return "[" + repeated(bytes, [](std::size_t) { return "0"; }) + "]";
    case 3:
      return "{\"a\":[" + repeated(bytes, [](std::size_t) { return "{}"; }) + "]}";
    case 4:
      return "{" + repeated(bytes, [](std::size_t i) { return "\"" + std::to_string(i) + "\":0"; }) + "}";
    case 5:
      return "{" + repeated(bytes, [](std::size_t i) { return "\"" + std::to_string(i) + "\":{\"\":{}}"; }) + "}";
    default:
      return "{\"a\":[" + repeated(bytes, [](std::size_t) { return "\"\""; }) + "]}";
  }
}
inline constexpr int k_nasty_json = 7;

}  // namespace seqguard
