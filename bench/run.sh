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
        --benchmark_out="$results/$1.csv" --benchmark_out_format=csv >"$results/$1.log" 2>&1 ||
        { cat "$results/$1.log" >&2; exit 1; }
}
run kernels '.*' 0.1
run matmul '/(32|128)/(own|onednn|gradient)/' 0.05
run encoder '.*' 0.5
run training '.*' 0.5
run load '.*' 0.2
run scorer '.*' 0.5

# One CSV per program: a header that names the columns, then a row per benchmark; times in the unit of the row.
awk -F, -v json="$json" '
    function unquoted(text) { gsub(/"/, "", text); return text }
    /^name,/ { for (i in column) delete column[i]; for (i = 1; i <= NF; ++i) column[unquoted($i)] = i; next }
    ("iterations" in column) && NF >= column["time_unit"] {
        name = unquoted($1)
        if (unquoted($(column["error_occurred"])) == "true") { print name ": " $0 > "/dev/stderr"; failed = 1; next }
        # Wall time where the benchmark asked for it (several threads), else CPU time: other programs do not count.
        time = sub(/\/real_time$/, "", name) ? $(column["real_time"]) : $(column["cpu_time"])
        unit = $(column["time_unit"])
        ms = time * (unit == "ns" ? 1e-6 : unit == "us" ? 1e-3 : unit == "s" ? 1e3 : 1)
        share = ("share_of_limit" in column) ? $(column["share_of_limit"]) : ""
        rows = rows sprintf("%s\n  {\"name\":\"%s\",\"ms\":%.6g,\"share_of_limit\":%s}", rows == "" ? "" : ",", name, ms,
                            share == "" ? "null" : sprintf("%.4f", share))
        if (!header++) printf "%-44s %12s %8s\n", "benchmark", "ms", "limit"
        printf "%-44s %12.6g %8s\n", name, ms, share == "" ? "" : sprintf("%.0f %%", 100 * share)
    }
    END { if (json != "") print "[" rows "\n]" > json; exit failed }
' "$results"/*.csv
