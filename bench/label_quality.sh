#!/bin/sh
# What labels teach: sh bench/label_quality.sh DATA_DIR [SEED]
# Attacks of ADFA-LD of a kind that no label named, and five folds of amazon_cn, filmtrust_attack and bots_64: a JSON line
# each, with the AUROC before, of the labels alone and together. Half an hour on two quiet cores.
set -eu
[ $# -ge 1 ] || { echo "usage: sh bench/label_quality.sh DATA_DIR [SEED]" >&2; exit 2; }
[ -d "$1" ] || { echo "label_quality.sh: $1: no such directory" >&2; exit 1; }
root=$(cd "$(dirname "$0")/.." && pwd)
sh "$root/cmake/install_dependencies.sh" build bench
cmake -S "$root" -B "$root/build/release" -G Ninja -DCMAKE_BUILD_TYPE=Release >/dev/null
cmake --build "$root/build/release" --target seqguard_label_quality >&2
program="$root/build/release/bench/seqguard_label_quality"
"$program" "$1" adfa traces "${2:-1}"
for set in amazon_cn filmtrust_attack bots_64; do "$program" "$1" folds "$set" "${2:-1}"; done
