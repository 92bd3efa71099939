#!/bin/sh
# fuzz.sh SECONDS [TARGET]: builds the targets of tests/fuzz with clang (libFuzzer, address and undefined behaviour), runs
# each of them (or one) for SECONDS, and prints executions, new coverage and findings. Exit code 1 if there are findings;
# they stay in build/fuzz/artifacts/TARGET, what was learned in build/fuzz/corpus/TARGET. A finding becomes a file in
# tests/fuzz/regressions/TARGET, which the ordinary tests read.
set -eu
cd "$(dirname "$0")/.."
case ${1:-} in '' | *[!0-9]*) echo "usage: sh tests/fuzz.sh SECONDS [TARGET]" >&2; exit 2 ;; esac
seconds=$1
build=build/fuzz
all=$(sed -n 's/^void fuzz_\([a-z_]*\)(.*/\1/p' tests/fuzz/targets.hpp)
targets=${2:-$all}
case " $(echo $all) " in *" $targets "*) ;; *) [ "$targets" = "$all" ] || { echo "fuzz.sh: targets are" $all >&2; exit 2; } ;; esac

compiler=""
for name in clang++-14 clang++; do command -v "$name" >/dev/null && compiler=$name && break; done
[ -n "$compiler" ] || { echo "fuzz.sh: needs clang (apt-get install clang)" >&2; exit 2; }
mkdir -p "$build"
{ cmake -S . -B "$build" -G Ninja -DCMAKE_CXX_COMPILER="$compiler" -DCMAKE_BUILD_TYPE=RelWithDebInfo \
    -DCMAKE_CXX_FLAGS_RELWITHDEBINFO="-O1 -gline-tables-only -D_GLIBCXX_ASSERTIONS -fsanitize=fuzzer-no-link" \
    -DSEQGUARD_SANITIZE=address,undefined \
    -DSEQGUARD_BUILD_FUZZERS=ON -DSEQGUARD_BUILD_TESTS=OFF -DSEQGUARD_BUILD_EXAMPLES=OFF -DSEQGUARD_BUILD_BENCH=OFF \
    -DSEQGUARD_BUILD_CLI=OFF -DSEQGUARD_WITH_ONEDNN=OFF &&
    cmake --build "$build" --target seqguard_fuzzers -j "$(nproc)"; } >"$build/build.log" 2>&1 ||
    { tail -n 30 "$build/build.log" >&2; echo "fuzz.sh: the build failed, its log is $build/build.log" >&2; exit 2; }

# The golden files that are what a target reads.
golden_of() {
    case $1 in
    safetensors) find tests/golden -name '*.safetensors' -size -64k ;;
    shard_index) find tests/golden -name '*.index.json' ;;
    torch_file) find tests/golden -name '*.bin' ;;
    config) find tests/golden -name config.json ;;
    tokenizer_json) find tests/golden/tokenizers -name '*.json'; find tests/golden -name tokenizer.json ;;
    tokenizer_text) find tests/golden -name texts.json ;;
    esac
}

# Longest input that is tried: room for what the format can say, small enough for thousands of runs a second.
longest() {
    case $1 in
    tokenizer_json | safetensors) echo 65536 ;;
    tokenizer_text) echo 1024 ;;
    torch_file | profile) echo 16384 ;;
    *) echo 8192 ;;
    esac
}

# Targets that read directories write them here: in memory, and removed whatever becomes of the target.
TMPDIR=$(mktemp -d -p "$([ -w /dev/shm ] && echo /dev/shm || echo /tmp)" seqguard-fuzz.XXXXXX)
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT
# What was freed is kept from reuse up to here; with the default, 256 MB, a corpus alone takes the memory that an input may take.
export ASAN_OPTIONS="quarantine_size_mb=32${ASAN_OPTIONS:+:$ASAN_OPTIONS}"
found=0
for target in $targets; do
    corpus=$build/corpus/$target artifacts=$build/artifacts/$target seeds=$build/seeds/$target log=$build/$target.log
    rm -rf "$seeds"
    mkdir -p "$corpus" "$artifacts" "$seeds"
    number=0
    for file in $(golden_of "$target") $(find tests/fuzz/seeds/"$target" tests/fuzz/regressions/"$target" -type f 2>/dev/null); do
        number=$((number + 1))
        cp "$file" "$seeds/$number"
    done
    # A finding ends a run of libFuzzer; the exit code says so.
    status=0
    "$build/tests/fuzz/seqguard_fuzz_$target" "$corpus" "$seeds" -max_total_time="$seconds" -rss_limit_mb=512 -timeout=10 \
        -max_len="$(longest "$target")" -dict="tests/fuzz/$target.dict" -artifact_prefix="$artifacts/" \
        -print_final_stats=1 >"$log" 2>&1 || status=$?
    executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    before=$(sed -n 's/.*INITED cov: \([0-9]*\).*/\1/p' "$log")
    after=$(sed -n 's/^#.* cov: \([0-9]*\).*/\1/p' "$log" | tail -n 1)
    findings=$(find "$artifacts" -type f | wc -l)
    [ "$status" -eq 0 ] || [ "$findings" -gt 0 ] || findings=1 # it did not even begin: the log says why
    echo "$target: ${executions:-0} executions, $((${after:-0} - ${before:-0})) new places, $findings findings"
    [ "$findings" -eq 0 ] || { found=1; echo "  see $artifacts and $log"; }
done
exit $found
