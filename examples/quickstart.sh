#!/bin/sh
# The main job on a made-up shop, from nothing: `sh examples/quickstart.sh [FOLDER]` (default: build/quickstart).
# Installs the Debian packages it needs, builds the program, simulates a shop, learns what its normal users do, judges
# users of whom one in ten is abnormal, compares the judgement with the truth, and repairs what it can.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
folder=${1:-$root/build/quickstart}
threads=$(nproc)
start=$(date +%s)

step() { printf '\n== %s\n' "$*"; }
run() { # shows a command, then runs it
    printf '$ seqguard'
    for word in "$@"; do printf ' %s' "$word"; done
    printf '\n'
    "$program" "$@"
}

step "Packages and program (once)"
sh "$root/cmake/install_dependencies.sh" build
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
echo "building seqguard in $folder/program (log: build.log there)"
if ! { cmake -S "$root" -B "$folder/program" -G Ninja -DCMAKE_BUILD_TYPE=Release -DSEQGUARD_BUILD_TESTS=OFF \
         -DSEQGUARD_BUILD_EXAMPLES=OFF -DSEQGUARD_BUILD_BENCH=OFF &&
       cmake --build "$folder/program" --target seqguard_program; } >"$folder/build.log" 2>&1; then
    tail -n 20 "$folder/build.log" >&2
    echo "quickstart: the build failed, its log is $folder/build.log" >&2
    exit 1
fi
program=$folder/program/seqguard
built=$(date +%s)
echo "built in $((built - start)) s"
cd "$folder"

step "1. Simulate: last month's normal traffic to learn from, this month's with one user in ten abnormal"
run simulate --preset shop --users 4000 --seed 1 --output last_month --quiet
run simulate --preset shop --users 1000 --seed 2 --output this_month

step "2. Learn what is normal; no labels are used"
run fit --input last_month/clean.csv --output model --epochs 10 --target-fpr 0.05 --threads "$threads"

step "3. Judge this month's users and show the most abnormal ones"
run score --model model --input this_month/events.csv --output scores.jsonl --top 8 --threads "$threads"

step "4. Compare with the known truth: which kinds are found, and do repairs give back the undamaged sequences?"
run evaluate --model model --input this_month/events.csv --labels this_month/labels.csv --clean this_month/clean.csv --json evaluation.json --threads "$threads"

step "5. Write the repaired log: same format, untouched rows byte for byte"
run repair --model model --input this_month/events.csv --output repaired.csv --edits edits.jsonl --threads "$threads"
printf 'the first edits:\n'
head -n 3 edits.jsonl | cut -c 1-118

end=$(date +%s)
printf '\nDone in %d s (build %d s, job %d s). Everything is in %s\n' $((end - start)) $((built - start)) $((end - built)) "$folder"
