# Every third-party library, why it is here, and what happens without it. Debian 12 packages: cmake/install_dependencies.sh.
# Nothing is downloaded.

# xsimd: one source for the kernels of every instruction set. Required. Included only by src/kernels/*.inl.hpp.
find_package(xsimd REQUIRED)
# nlohmann-json: config.json, sidecar files, JSON lines. Required. It costs seconds of compile time:
# src/core/json_events.cpp alone includes it.
find_package(nlohmann_json 3.9 REQUIRED)
# zlib: the compressed size of a sequence (view `squeeze`), the checksums of zip archives (pytorch_model.bin), and input in
# .gz. Required, so that a profile means the same in every build.
find_package(ZLIB REQUIRED)
# libzstd: input in .zst, which logs are kept in. Required, so that a command reads the same files in every build. Included
# only by src/events/unpack.cpp.
find_package(Zstd REQUIRED)
# simdjson: events as JSON lines, at gigabytes a second where nlohmann-json reads 50 MB. Required. Included only by
# src/events/json_line.cpp.
find_package(simdjson REQUIRED)
find_package(Threads REQUIRED)
# Nettle: SHA-256 of the files that belong together (detector.json). Required. It uses the processor's SHA instructions:
# with libmd three quarters of the time to load a model went into digests.
find_package(Nettle REQUIRED)
# utf8proc: decompositions and properties of characters for the tokenizers. Required. Included only by src/text/unicode.cpp.
find_package(Utf8proc REQUIRED)
# oneDNN: matrix products of larger models on AVX-512. Without it our own kernel serves.
# Debian's own config file demands OpenCL, which its package does not depend on: hence a find module.
option(SEQGUARD_WITH_ONEDNN "Use oneDNN for large matrix products" ON)
if(SEQGUARD_WITH_ONEDNN)
  find_package(Dnnl)
endif()
# Eigen: portable matrix products and a second opinion for the tests. Without it that backend is absent.
option(SEQGUARD_WITH_EIGEN "Build the Eigen matrix-product backend" ON)
if(SEQGUARD_WITH_EIGEN)
  find_package(Eigen3 3.3 NO_MODULE)
endif()
# CLI11: argument parsing of the program. Without it no program.
if(SEQGUARD_BUILD_CLI)
  find_package(CLI11)
endif()
# doctest, Google Benchmark: without them no tests, no benchmarks.
if(SEQGUARD_BUILD_TESTS)
  find_package(doctest)
endif()
if(SEQGUARD_BUILD_BENCH)
  find_package(benchmark)
endif()
