#!/bin/sh
# Whether explanations name what is wrong: sh bench/faithfulness.sh DATA_DIR [SEEDS] [MINUTES]
# The simulated shop and ML-100k (DATA_DIR/items) with injected errors; SEEDS models each (3), learned in at most MINUTES (5).
# bench/faithfulness.cpp says what the figures are.
set -eu
[ $# -ge 1 ] && [ $# -le 3 ] || { echo "usage: sh bench/faithfulness.sh DATA_DIR [SEEDS] [MINUTES]" >&2; exit 2; }
[ -d "$1" ] || { echo "faithfulness.sh: $1: no such directory" >&2; exit 1; }
root=$(cd "$(dirname "$0")/.." && pwd)
sh "$root/cmake/install_dependencies.sh" build bench
cmake -S "$root" -B "$root/build/release" -G Ninja -DCMAKE_BUILD_TYPE=Release >/dev/null
cmake --build "$root/build/release" --target seqguard_faithfulness >&2
program="$root/build/release/bench/seqguard_faithfulness"
echo "simulated shop"
"$program" shop "${2:-3}" "${3:-5}"
echo "ML-100k"
"$program" items "${2:-3}" "${3:-5}" "$1"
