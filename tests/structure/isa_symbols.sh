#!/bin/sh
# isa_symbols.sh OBJECT...: each object of a table of kernels exports that table and no function or weak definition that the
# linker could put in the place of another object's: a copy compiled for AVX-512 would then run on any CPU.
# Allowed: the pointer to the exception personality, which has no code and is the same everywhere.
set -eu
[ $# -gt 0 ] || { echo "isa_symbols.sh: no object given" >&2; exit 2; }
status=0
table='.*k_\(kernels\|matmul_[a-z0-9]*\)_'
for object in "$@"; do
    defined=$(nm --defined-only --extern-only "$object")
    tables=$(printf '%s\n' "$defined" | grep -c " [DR] $table" || true)
    others=$(printf '%s\n' "$defined" | grep -v " [DR] $table" | grep -v ' DW\.ref\.__gxx_personality_v0$' | grep . || true)
    if [ "$tables" -ne 1 ]; then
        echo "$object: $tables kernel tables exported, expected 1"
        status=1
    fi
    if [ -n "$others" ]; then
        echo "$object: exports more than its table:"
        printf '%s\n' "$others" | c++filt
        status=1
    fi
done
exit $status
