#!/bin/sh
# layers.sh SOURCE_DIR: an include of a seqguard header points to the same or a lower layer (CONTRIBUTING.md), and
# events and text do not include each other.
set -eu
cd "$1"
rank() {
    case $1 in
    core) echo 0 ;; kernels) echo 1 ;; layers) echo 2 ;; events | text) echo 3 ;; model) echo 4 ;; metrics) echo 5 ;;
    training) echo 6 ;; repair) echo 7 ;; detection) echo 8 ;; feedback) echo 9 ;; sequence_scorer) echo 10 ;;
    evaluation) echo 11 ;; report) echo 12 ;; cli | c) echo 13 ;; *) echo unknown ;;
    esac
}
status=0
complain() { echo "$1"; status=1; }
list=$(mktemp)
trap 'rm -f "$list"' EXIT
# FILE:LAYER of each include, seqguard/LAYER/x.hpp or LAYER/x.hpp from src.
find include/seqguard src -name '*.hpp' -o -name '*.cpp' -o -name '*.h' | sort | while read -r file; do
    sed -n 's|^[[:space:]]*#[[:space:]]*include[[:space:]]*"\(seqguard/\)\{0,1\}\([^"]*\)".*|\2|p' "$file" |
        while read -r target; do echo "$file $target"; done
done >"$list"
[ -s "$list" ] || complain "no include found below $1"
layer_of() { # path relative to include/seqguard or src: its directory, or the stem of a top-level header
    case $1 in */*) echo "${1%%/*}" ;; *) echo "${1%.*}" ;; esac
}
while read -r file target; do
    from=$(layer_of "${file#*/}"); case $file in include/*) from=$(layer_of "${file#include/seqguard/}") ;; esac
    to=$(layer_of "$target")
    [ "$from" != seqguard ] || continue # the umbrella header
    case $from/$to in events/text | text/events) complain "$file: $from must not include $to ($target)"; continue ;; esac
    from_rank=$(rank "$from")
    to_rank=$(rank "$to")
    if [ "$from_rank" = unknown ]; then complain "$file: directory $from is no layer (tests/structure/layers.sh)"; continue; fi
    if [ "$to_rank" = unknown ]; then complain "$file: $target belongs to no layer"; continue; fi
    [ "$to_rank" -le "$from_rank" ] || complain "$file: $from must not include the higher layer $to ($target)"
done <"$list"
exit $status
