#!/bin/sh
# Quality on labelled data: sh bench/quality.sh DATA_DIR [--json FILE] [--only "SET .."] [--seeds N] [--gate]
# Fits and evaluates each set of DATA_DIR (see bench/quality_sets.hpp) with N seeds (default 3) and prints one table.
# --gate: the gate of the repair is one more view (fit --gate-view).
# Finished (set, seed) pairs are kept in build/quality/: interrupted, the same call goes on where it stopped. Results of
# another build of the program are not reused.
set -eu
usage() { echo "usage: sh bench/quality.sh DATA_DIR [--json FILE] [--only \"SET ..\"] [--seeds N] [--gate]" >&2; exit 2; }
[ $# -ge 1 ] || usage
data=$1
shift
json="" only="" seeds=3 gate=""
while [ $# -gt 0 ]; do
    if [ "$1" = --gate ]; then
        gate=gate
        shift
        continue
    fi
    [ $# -ge 2 ] || usage
    case $1 in
    --json) json=$2 ;;
    --only) only=$2 ;;
    --seeds) seeds=$2 ;;
    *) usage ;;
    esac
    shift 2
done
[ -d "$data" ] || { echo "quality.sh: $data: no such directory" >&2; exit 1; }

root=$(cd "$(dirname "$0")/.." && pwd)
sh "$root/cmake/install_dependencies.sh" build bench
cmake -S "$root" -B "$root/build/release" -G Ninja -DCMAKE_BUILD_TYPE=Release >/dev/null
cmake --build "$root/build/release" --target seqguard_quality >&2
program="$root/build/release/bench/seqguard_quality"
results="$root/build/quality/$(sha256sum "$program" | cut -c1-16)$gate"
mkdir -p "$results"

sets=${only:-"openstack hdfs adfa_ld bots_64 bots_whole mit_lpr unm_lpr amazon_cn filmtrust_attack kypo_task ml_items ml_style video_items ml_days otc_fraud otc_columns twitter_suspended twitter_columns kypo_keyed dna_keyed ml_keyed mouse_takeover mouse_columns shop"}
for set in $sets; do
    seed=1
    while [ "$seed" -le "$seeds" ]; do
        row="$results/$set.$seed.jsonl"
        if [ ! -f "$row" ]; then
            echo "quality: $set, seed $seed" >&2
            "$program" "$data" "$set" "$seed" $gate >"$row.tmp"
            mv "$row.tmp" "$row"
        fi
        seed=$((seed + 1))
    done
done

all="$results/selected.jsonl"
: >"$all"
for set in $sets; do
    seed=1
    while [ "$seed" -le "$seeds" ]; do
        cat "$results/$set.$seed.jsonl" >>"$all"
        seed=$((seed + 1))
    done
done
[ -z "$json" ] || cp "$all" "$json"
awk -f "$root/bench/quality_table.awk" "$all"
