#!/bin/sh
# global_state.sh LIBRARY: the library has no variable that a call could change: each of its symbols in a writable
# section (.data.rel.ro is read-only once loaded) is on the list below, because it is constant once it is made, at load
# or at the first call, or has no members (the executor).
set -eu
[ $# -eq 1 ] || { echo "global_state.sh: expected one library" >&2; exit 2; }
constant='inline_executor\(\)::executor|reference_kernels\(\)::table|available_isas\(\)::available'
constant="$constant|\(anonymous namespace\)::k_[a-z0-9_]+" # const std::string: k_ is the name of a constant
constant="$constant|compose_pair\(char32_t, char32_t\)::pairs|CharacterTable::instance\(\)::table"
symbols=$(objdump -t -C "$1")
# "VALUE FLAGS SECTION<tab>SIZE NAME". Not counted: what the compiler adds (exception types, guards of locals), and
# tables of header libraries.
found=$(printf '%s\n' "$symbols" |
    awk -F '\t' '$1 ~ /( O \.| \.t)(data|bss)/ && $1 !~ /\.data\.rel\.ro/ { sub(/^[0-9a-f]+ +(\.hidden )?/, "", $2); print $2 }' |
    grep -v -E '^(DW\.ref\.|guard variable for |std::|nlohmann::|Eigen::)' |
    grep -v -E "^seqguard::v0::($constant)(\[abi:cxx11\])?\$" || true)
[ -n "$found" ] || exit 0
echo "$1: variables that are not constant:"
printf '%s\n' "$found" | sort -u
exit 1
