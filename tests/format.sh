#!/bin/sh
# Every C++ file is formatted by .clang-format: sh tests/format.sh. Exit code 77 (skipped) without clang-format 14, the
# one of Debian 12: other versions break lines differently.
set -eu
cd "$(dirname "$0")/.."
case $(clang-format --version 2>/dev/null) in
*" version 14."*) ;;
*) echo "skipped: no clang-format 14"; exit 77 ;;
esac
find include src tests bench examples \( -name '*.hpp' -o -name '*.cpp' \) 2>/dev/null | sort |
    xargs clang-format --dry-run --Werror
