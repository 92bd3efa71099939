#!/bin/sh
# Installs the Debian 12 packages that seqguard is built from: `sh cmake/install_dependencies.sh [GROUP...]`.
# Groups: build (compiler and libraries, the default), tests, bench. Only missing packages are installed; root is asked
# for (sudo) only where the caller is not root already.
set -eu

build="g++ cmake ninja-build libeigen3-dev libdnnl-dev libxsimd-dev nlohmann-json3-dev libcli11-dev zlib1g-dev libzstd-dev libsimdjson-dev nettle-dev libutf8proc-dev"
tests="doctest-dev pkg-config make binutils"
bench="libbenchmark-dev"

wanted=""
for group in "${@:-build}"; do
    case $group in
    build) wanted="$wanted $build" ;;
    tests) wanted="$wanted $tests" ;;
    bench) wanted="$wanted $bench" ;;
    *) echo "install_dependencies.sh: unknown group '$group' (known: build tests bench)" >&2; exit 2 ;;
    esac
done

missing=""
for package in $wanted; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

as_root=""
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || { echo "install_dependencies.sh: needs root or sudo to install:$missing" >&2; exit 1; }
    as_root=sudo
fi
echo "Installing Debian packages:$missing" >&2
$as_root apt-get update -q >/dev/null
# shellcheck disable=SC2086 # a list of package names
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing >/dev/null
