#!/bin/sh
# banned.sh SOURCE_DIR: the library prints nothing, ends no process, handles no signal; public headers show no third-party
# type, file-system or thread header. The command line (src/cli) may print.
set -eu
cd "$1"
status=0
# Comments are cut off (whole-line and trailing //), so that they may name what the code must not.
search() { # PATTERN WHAT DIRECTORY...
    pattern=$1 what=$2
    shift 2
    # shellcheck disable=SC2046 # paths of this project have no blanks
    found=$(awk -v pattern="$pattern" '{ line = $0; sub(/\/\/.*/, "", line) } line ~ pattern { print FILENAME ":" FNR ": " $0 }' \
        $(find "$@" \( -name '*.hpp' -o -name '*.cpp' -o -name '*.h' \) -not -path 'src/cli/*' | sort) /dev/null)
    if [ -n "$found" ]; then
        echo "$what:"
        echo "$found"
        status=1
    fi
}
search '#[[:space:]]*include[[:space:]]*<(iostream|csignal|signal\.h|print)>' "banned header" include src
search '(^|[^[:alnum:]_.>])(std::)?(exit|_exit|quick_exit|abort|terminate|signal|sigaction|raise)[[:space:]]*\(' \
    "ends the process or handles signals" include src
search '(^|[^[:alnum:]_])(assert|__builtin_trap)[[:space:]]*\(' "ends the process where an error would be thrown" include src
search '(^|[^[:alnum:]_])(std::)?((s?rand|random_shuffle)[[:space:]]*[(]|random_device|mt19937)' \
    "random numbers that are not from core/random.hpp" include src
search '(^|[^[:alnum:]_])(std::)?(printf|fprintf|vprintf|puts|putchar|fputs|perror)[[:space:]]*\(|std::(cout|cerr|clog)' \
    "prints" include src
search '#[[:space:]]*include[[:space:]]*[<"](xsimd|oneapi|dnnl|Eigen|nlohmann|CLI|zlib|zstd|simdjson|sha2|utf8proc|filesystem|thread|mutex)' \
    "third-party, file-system or thread header in a public header" include
search '#[[:space:]]*include[[:space:]]*<nlohmann' "the JSON library outside core/json_events.cpp" \
    $(find src -name '*.[ch]pp' -not -path src/core/json_events.cpp)
search '#[[:space:]]*include[[:space:]]*<simdjson' "simdjson outside events/json_line.cpp" \
    $(find src -name '*.[ch]pp' -not -path src/events/json_line.cpp)
search '#[[:space:]]*include[[:space:]]*<xsimd' "xsimd outside the kernels" $(ls -d src/*/ | grep -v src/kernels)
search '(#[[:space:]]*include[[:space:]]*<(thread|future|pthread\.h)>|std::j?thread|std::async|pthread_create)' \
    "threads outside the executor" include $(ls -d src/*/ | grep -v src/core)
exit $status
