#!/bin/sh
# The kernels on aarch64 (NEON): `sh tests/aarch64.sh [doctest arguments]` cross-compiles the kernel layer and its tests with
# Debian's cross compiler, without oneDNN and Eigen, and runs them under qemu. About two minutes; not part of the fast suite.
set -eu
cd "$(dirname "$0")/.."

missing=""
for package in g++-aarch64-linux-gnu qemu-user libxsimd-dev doctest-dev; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
if [ -n "$missing" ]; then
    as_root=""
    [ "$(id -u)" -eq 0 ] || as_root=sudo
    echo "Installing Debian packages:$missing" >&2
    $as_root apt-get update -q >/dev/null
    # shellcheck disable=SC2086 # a list of package names
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing >/dev/null
fi

build=build/aarch64
mkdir -p "$build/headers"
# xsimd and doctest are headers for every architecture; the rest of /usr/include is not.
ln -sfn /usr/include/xsimd "$build/headers/xsimd"
ln -sfn /usr/include/doctest "$build/headers/doctest"

# The flags of cmake/library.cmake. The program is static for qemu's sake: matmul_threads_test needs the dynamic loader, and
# matmul_allocation_test another malloc than the one of a static C library.
flags="-std=c++20 -O2 -Wall -Wextra -ffp-contract=off -Iinclude -Isrc -Itests -isystem $build/headers"
objects=""
for source in src/core/arena.cpp src/core/cpu_features.cpp src/core/error.cpp src/core/isa.cpp src/core/load_options.cpp \
    src/core/random.cpp src/kernels/kernel_table.cpp src/kernels/kernels_isa.cpp src/kernels/matmul.cpp \
    src/kernels/matmul_fp32.cpp src/kernels/matmul_kernels.cpp tests/support/main.cpp tests/kernels/*_test.cpp; do
    case $source in
    */matmul_threads_test.cpp | */matmul_allocation_test.cpp) continue ;;
    */kernels_isa.cpp | */matmul_fp32.cpp) extra="-DSEQGUARD_ISA=baseline -fno-math-errno" ;;
    *) extra="" ;;
    esac
    object=$build/$(echo "$source" | tr / _).o
    # shellcheck disable=SC2086 # lists of flags
    aarch64-linux-gnu-g++ $flags $extra -c "$source" -o "$object"
    objects="$objects $object"
done
# shellcheck disable=SC2086 # a list of files
aarch64-linux-gnu-g++ -static $objects -o "$build/seqguard_test_kernels"

SEQGUARD_FORCE_ISA=baseline qemu-aarch64 "$build/seqguard_test_kernels" "$@"
