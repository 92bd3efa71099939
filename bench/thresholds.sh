#!/bin/sh
# Whether thresholds hold on small data: sh bench/thresholds.sh [SETS]
# Fits SETS generated data sets (default 312: thirteen kinds of traffic, 20 to 500 sequences, 1 to 20 epochs), judges
# 2,000 fresh normals and planted anomalies by each, and prints a line a set and a summary. Two minutes on two quiet cores.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
sh "$root/cmake/install_dependencies.sh" build bench
cmake -S "$root" -B "$root/build/release" -G Ninja -DCMAKE_BUILD_TYPE=Release >/dev/null
cmake --build "$root/build/release" --target seqguard_thresholds >&2
exec "$root/build/release/bench/seqguard_thresholds" "${1:-312}" "$(nproc)"
