#!/bin/sh
# Measures this machine: `sh bench/run.sh [--json FILE]` builds the benchmarks, runs them (about four minutes on a quiet
# machine) and prints one table: name, milliseconds, share of the limit measured in the same run. FILE gets the same rows
# as JSON. Names: what/size/batch/length/precision/threads.
set -eu
cd "$(dirname "$0")/.."

json=""
while [ $# -gt 0 ]; do
    case $1 in
    --json) [ $# -ge 2 ] || { echo "run.sh: --json needs a file" >&2; exit 2; }; json=$2; shift 2 ;;
    -h | --help) sed -n '2,4s/^# //p' bench/run.sh; exit 0 ;;
    *) echo "run.sh: unknown argument '$1' (known: --json FILE)" >&2; exit 2 ;;
    esac
done

sh cmake/install_dependencies.sh build bench
echo "Building (release) ..." >&2
cmake --preset release -DSEQGUARD_BUILD_BENCH=ON >/dev/null
cmake --build build/release --target seqguard_benchmarks >/dev/null

results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT
run() { # program, filter, seconds per benchmark
    [ -x "build/release/bench/seqguard_bench_$1" ] || return 0
    echo "Running $1 ..." >&2
    "build/release/bench/seqguard_bench_$1" --benchmark_filter="$2" --benchmark_min_time="$3" \
        --benchmark_out="$results/$1.json" --benchmark_out_format=json >"$results/$1.log" 2>&1 ||
        { cat "$results/$1.log" >&2; exit 1; }
}
run kernels '.*' 0.1
run matmul '/(32|128)/(own|rows|onednn|gradient)/' 0.05
run encoder '.*' 0.5
run training '.*' 0.5
run load '.*' 0.2
run scorer '.*' 0.5
run tokenizer '.*' 0.2
run text '.*' 0.5

# Google Benchmark's JSON has a field a line. (Its CSV ends the program where two benchmarks have different counters.)
cat "$results"/*.json | awk -v json="$json" '
    function value(line) { sub(/^[^:]*: */, "", line); sub(/,$/, "", line); gsub(/"/, "", line); return line }
    function finish(    ms) {
        if (name == "") return
        if (message != "") { print name ": " message > "/dev/stderr"; failed = 1 }
        # Wall time where the benchmark asked for it (several threads), else CPU time: other programs do not count.
        ms = sub(/\/real_time$/, "", name) ? real : cpu
        ms *= unit == "ns" ? 1e-6 : unit == "us" ? 1e-3 : unit == "s" ? 1e3 : 1
        rows = rows sprintf("%s\n  {\"name\":\"%s\",\"ms\":%.6g,\"share_of_limit\":%s}", rows == "" ? "" : ",", name, ms,
                            share == "" ? "null" : sprintf("%.4f", share))
        if (!header++) printf "%-44s %12s %8s\n", "benchmark", "ms", "limit"
        printf "%-44s %12.6g %8s\n", name, ms, share == "" ? "" : sprintf("%.0f %%", 100 * share)
        name = ""
    }
    /^ *"name":/ { finish(); name = value($0); share = message = "" }
    /^ *"real_time":/ { real = value($0) }
    /^ *"cpu_time":/ { cpu = value($0) }
    /^ *"time_unit":/ { unit = value($0) }
    /^ *"share_of_(limit|peak|bandwidth)":/ { share = value($0) }
    /^ *"error_message":/ { message = value($0) }
    END { finish(); if (json != "") print "[" rows "\n]" > json; exit failed }
'
