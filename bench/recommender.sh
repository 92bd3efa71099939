#!/bin/sh
# What repair is worth to a recommender: sh bench/recommender.sh DATA_DIR [--only SET] [--normals separate|damaged|none]
#   [--kinds K] [--seeds N] [--steps N] [--minutes M] [--rates "R .."]
# A next-item model of our own learns from clean, damaged (shares R of the events, .05 and .15) and repaired logs of
# DATA_DIR/items (ml-100k, video); bench/recommender.cpp says how. The table has means over N seeds (5), the cost of damage
# with its standard error over the seeds, and the share of it that is restored. Finished (set, seed) pairs are kept in
# build/recommender/: interrupted, the same call goes on where it stopped. Results of another build are not reused.
set -eu
usage() { sed -n '2,3s/^# //p' "$0" >&2; exit 2; }
[ $# -ge 1 ] || usage
data=$1
shift
sets="ml-100k video" normals=separate kinds=all seeds=5 steps=1500 minutes=0 rates=".05 .15"
while [ $# -gt 0 ]; do
    [ $# -ge 2 ] || usage
    case $1 in
    --only) sets=$2 ;;
    --normals) normals=$2 ;;
    --kinds) kinds=$2 ;;
    --seeds) seeds=$2 ;;
    --steps) steps=$2 ;;
    --minutes) minutes=$2 ;;
    --rates) rates=$2 ;;
    *) usage ;;
    esac
    shift 2
done
[ -d "$data" ] || { echo "recommender.sh: $data: no such directory" >&2; exit 1; }

root=$(cd "$(dirname "$0")/.." && pwd)
sh "$root/cmake/install_dependencies.sh" build bench
cmake -S "$root" -B "$root/build/release" -G Ninja -DCMAKE_BUILD_TYPE=Release >/dev/null
cmake --build "$root/build/release" --target seqguard_recommender >&2
program="$root/build/release/bench/seqguard_recommender"
results="$root/build/recommender/$(sha256sum "$program" | cut -c1-16)"
mkdir -p "$results"

rows=""
for set in $sets; do
    seed=1
    while [ "$seed" -le "$seeds" ]; do
        row="$results/$(echo "$set.$normals.$kinds.$seed.$steps.$minutes.$rates" | tr ' ' '_').jsonl"
        if [ ! -f "$row" ]; then
            echo "recommender: $set, $normals normals, seed $seed" >&2
            # shellcheck disable=SC2086 # several rates
            "$program" "$data" "$set" "$normals" "$kinds" "$seed" "$steps" "$minutes" $rates >"$row.tmp"
            mv "$row.tmp" "$row"
        fi
        rows="$rows $row"
        seed=$((seed + 1))
    done
done
# shellcheck disable=SC2086 # paths of this project have no blanks
cat $rows | awk -f "$root/bench/recommender_table.awk"
