#!/bin/sh
# What repair puts right on the simulated shop: sh bench/repair.sh [SEEDS] [THREADS] [DATA_DIR]
# For each seed 1 .. SEEDS (3): learns 4,000 clean users, and repairs 3,000 others, of whom one in ten is damaged, in seven
# kinds in turn, about 43 of each. No label is used but to count. The tables are those of `evaluate --clean`. Models are kept
# in build/repair and used again as long as the program is the same. With DATA_DIR also what it makes of wrong items of
# DATA_DIR/items/ml-100k.inter (bench/item_errors.cpp), one model a seed.
set -eu
seeds=${1:-3} threads=${2:-$(nproc)} data=${3:-}
[ -z "$data" ] || data=$(cd "$data" && pwd)
root=$(cd "$(dirname "$0")/.." && pwd)
sh "$root/cmake/install_dependencies.sh" build
cmake -S "$root" -B "$root/build/release" -G Ninja -DCMAKE_BUILD_TYPE=Release >/dev/null
cmake --build "$root/build/release" --target seqguard_program >&2
program="$root/build/release/seqguard"
folder="$root/build/repair/$(sha256sum "$program" | cut -c1-16)"
mkdir -p "$folder"
cd "$folder"
seed=1
while [ "$seed" -le "$seeds" ]; do
    [ -d past$seed ] || "$program" simulate --preset shop --users 4000 --seed $seed --output past$seed --quiet
    [ -d now$seed ] || "$program" simulate --preset shop --users 3000 --seed $((100 + seed)) --output now$seed --quiet
    [ -d model$seed ] ||
        "$program" fit --input past$seed/clean.csv --output model$seed --seed $seed --threads "$threads"
    echo "== seed $seed"
    "$program" evaluate --model model$seed --input now$seed/events.csv --labels now$seed/labels.csv \
        --clean now$seed/clean.csv --threads "$threads" --json evaluation$seed.json 2>&1 | sed -n '/^repairs/,$p'
    seed=$((seed + 1))
done
if [ -n "$data" ]; then
    sh "$root/cmake/install_dependencies.sh" bench
    cmake --build "$root/build/release" --target seqguard_item_errors >&2
    "$root/build/release/bench/seqguard_item_errors" "$data" "$seeds"
fi
