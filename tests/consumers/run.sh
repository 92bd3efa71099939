#!/bin/sh
# Builds and runs a host of the library as its author would: sh tests/consumers/run.sh STEP SOURCE BUILD WORK
#   STEP    install            installs BUILD to WORK/prefix
#           find_package       a CMake host of that prefix
#           pkg_config         a Makefile host of that prefix, with -O3 -march=native -ffast-math: must print the same bits as
#                              the host of find_package
#           headers            each installed header compiles alone; the umbrella is light: at most 2,000 lines of ours, no
#                              third-party header
#           add_subdirectory   a CMake host that builds SOURCE itself: shared, no optional dependencies, no build type;
#                              it installs the package with itself (SEQGUARD_INSTALL): the Makefile host of that prefix
#                              must print the same bits, and CMake must find it there
#           fetch_content      a CMake host of SOURCE that does not: it installs its own file only, and nothing of its
#                              settings has changed (configured and installed, not built)
#           readme             compiles the C++ blocks of README.md, a whole program and a few statements, against that
#                              prefix; exit code 77 (skipped) while there is no README.md
# CXX names the compiler.
set -eu
step=$1 source=$2 build=$3 work=$4
here=$source/tests/consumers
project=$work/$step
export CMAKE_GENERATOR=Ninja
export CMAKE_BUILD_PARALLEL_LEVEL="${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc)}"

fail() {
    echo "$step: $*" >&2
    exit 1
}

headers_of() { # PREFIX
    (cd "$1/include" && find seqguard -name '*.hpp' | sort)
}

# A copy outside of the source tree, as a foreign project would be. Its program includes every header.
copy_project() { # PROJECT FOLDER PREFIX
    rm -rf "$2"
    mkdir -p "$2"
    cp "$here/$1"/* "$here/program.cpp" "$2/"
    headers_of "$3" | sed 's|.*|#include <&>|' >"$2/all_headers.hpp"
}

# check_output PROGRAM HOST BITS: it ran, it says what it should, and prints the BITS of the plain host of the same
# library, which writes them.
check_output() {
    (cd "$(dirname "$1")" && "$1") >"$1.out" || fail "$1 failed with exit code $?"
    grep -qx "host $2" "$1.out" || fail "expected a host built as '$2', found $(head -1 "$1.out")"
    grep -v '^host' "$1.out" >"$1.bits"
    [ "$(grep -c '^event .* 0x' "$1.bits")" -eq 11 ] || fail "expected 11 lines 'event', one per event"
    [ "$(grep -c '^network .* -\{0,1\}0x' "$1.bits")" -eq 9 ] || fail "expected 9 lines 'network'"
    [ "$(grep -c '^statistics .* -\{0,1\}0x' "$1.bits")" -eq 5 ] || fail "expected 5 lines 'statistics'"
    ! grep -qw 'nan\|inf' "$1.bits" || fail "NaN or infinity in the output"
    grep -q '^score visit .* normal ' "$1.bits" || fail "the ordinary visit is judged abnormal"
    grep -q '^score robot .* abnormal ' "$1.bits" || fail "the robot is judged normal"
    grep -q '^error .*no-such-model' "$1.bits" || fail "no typed error was caught"
    if [ "$2" = plain ]; then cp "$1.bits" "$3"; fi
    cmp "$3" "$1.bits" || fail "not the bits of the plain host"
}

check_makefile_host() { # PREFIX FOLDER BITS
    copy_project pkg_config "$2" "$1"
    libdir=$(dirname "$(find "$1" -name seqguard.pc)")/..
    PKG_CONFIG_PATH=$libdir/pkgconfig make -C "$2" ${CXX:+CXX="$CXX"} \
        CXXFLAGS="-O3 -march=native -ffast-math" >"$work/$step.log" 2>&1 || { cat "$work/$step.log"; fail "make failed"; }
    export LD_LIBRARY_PATH="$libdir"
    check_output "$2/consumer" fast-math "$3"
}

case $step in
install)
    rm -rf "$work/prefix"
    cmake --install "$build" --prefix "$work/prefix" >/dev/null
    ;;
find_package)
    copy_project find_package "$project" "$work/prefix"
    cmake -S "$project" -B "$project/build" -DCMAKE_PREFIX_PATH="$work/prefix"
    cmake --build "$project/build"
    check_output "$project/build/consumer" plain "$work/installed.bits"
    ;;
pkg_config)
    check_makefile_host "$work/prefix" "$project" "$work/installed.bits"
    ;;
headers)
    cd "$work/prefix/include"
    check_alone='echo "#include \"$0\"" | "${CXX:-c++}" -std=c++20 -I. -Wall -Wextra -Werror -fsyntax-only -x c++ - || echo "$0" does not compile alone'
    headers_of "$work/prefix" | xargs -P "$CMAKE_BUILD_PARALLEL_LEVEL" -n 1 sh -c "$check_alone" >"$work/headers.log" 2>&1
    [ ! -s "$work/headers.log" ] || { cat "$work/headers.log"; fail "headers that do not compile alone"; }
    echo '#include <seqguard/seqguard.hpp>' >"$work/umbrella.cpp"
    "${CXX:-c++}" -std=c++20 -I. -M "$work/umbrella.cpp" | tr -s ' \\' '\n' >"$work/umbrella.files"
    lines=$(grep -E '^(\./)?seqguard/' "$work/umbrella.files" | xargs cat | wc -l)
    echo "seqguard.hpp: $lines lines of ours"
    [ "$lines" -gt 100 ] && [ "$lines" -le 2000 ] || fail "the umbrella has $lines lines of ours, expected at most 2,000"
    ! grep -iE 'nlohmann|xsimd|eigen|dnnl|utf8proc|CLI11|simdjson|zlib|zstd|nettle' "$work/umbrella.files" ||
        fail "the umbrella includes a third-party header"
    ;;
add_subdirectory)
    copy_project add_subdirectory "$project" "$source"
    cmake -S "$project" -B "$project/build" -DSEQGUARD_SOURCE="$source"
    cmake --build "$project/build"
    check_output "$project/build/consumer" plain "$project/built.bits"
    cmake --install "$project/build" --prefix "$project/prefix" >/dev/null
    [ -x "$project/prefix/bin/consumer" ] || fail "the host's program is not installed"
    cmp "$source/LICENSE" "$project/prefix/share/doc/seqguard/LICENSE" || fail "no licence in share/doc/seqguard"
    grep -q "host's own" "$project/prefix/share/doc/add_subdirectory_consumer/LICENSE" || fail "the host's licence is lost"
    check_makefile_host "$project/prefix" "$project/makefile_host" "$project/built.bits"
    copy_project find_package "$project/cmake_host" "$project/prefix"
    cmake -S "$project/cmake_host" -B "$project/cmake_host/build" -DCMAKE_PREFIX_PATH="$project/prefix"
    ;;
fetch_content)
    copy_project fetch_content "$project" "$source"
    cmake -S "$project" -B "$project/build" -DSEQGUARD_SOURCE="$source"
    cmake --install "$project/build" --prefix "$project/prefix"
    installed=$(cd "$project/prefix" && find . -type f)
    [ "$installed" = ./share/fetch_content_consumer/program.cpp ] || fail "installed beside the host's own file: $installed"
    tests=$(cd "$project/build" && ctest -N | grep -c '^ *Test *#')
    [ "$tests" -eq 1 ] || fail "$tests tests, expected the host's alone"
    ;;
readme)
    [ -f "$source/README.md" ] || { echo "skipped: no README.md"; exit 77; }
    copy_project find_package "$project" "$work/prefix"
    block() { awk -v n="$1" '/^```cpp/ { inside = ++count == n; next } /^```/ { inside = 0 } inside' "$source/README.md"; }
    block 1 >"$project/program.cpp"
    grep -q 'int main(' "$project/program.cpp" || fail "README.md: the first cpp block is not a whole program"
    block 2 | grep -q TextModel || fail "README.md: the second cpp block says nothing of texts"
    { echo 'void texts() {'; block 2; echo '}'; } >>"$project/program.cpp"
    cmake -S "$project" -B "$project/build" -DCMAKE_PREFIX_PATH="$work/prefix"
    cmake --build "$project/build"
    "$project/build/consumer" >"$work/readme.out"
    sed -n '1p' "$work/readme.out" | grep -Eq '^normal, p = (0\.[1-9]|1)' || fail "README.md: a third of the history is not normal"
    sed -n '2p' "$work/readme.out" | grep -Eq '^abnormal, p = 0\.00[0-9]*, worst event: pay$' || fail "README.md: the odd visit"
    sed -n '3p' "$work/readme.out" | grep -Eq '^abnormal, p = 0\.00[0-9]*, worst event: hack$' || fail "README.md: the damaged visit"
    sed -n '4p' "$work/readme.out" | grep -Fqx 'replace event 3: hack -> cart' || fail "README.md: its repair"
    [ "$(wc -l <"$work/readme.out")" -eq 4 ] || fail "README.md: more lines than expected"
    ;;
*)
    echo "run.sh: unknown step '$step' (known: install, find_package, pkg_config, headers, add_subdirectory, fetch_content, readme)" >&2
    exit 2
    ;;
esac
