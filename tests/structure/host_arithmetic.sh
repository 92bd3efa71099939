#!/bin/sh
# host_arithmetic.sh SOURCE_DIR: a host that includes the headers brings no arithmetic of its own into the program. Its
# copy of an inline function, made with -ffast-math, could be the one that the linker keeps for the library too. So
# whatever a host compiles from the headers, used or not, holds no floating-point arithmetic, and every function template
# on the number type is instantiated in the library alone (`extern template`).
set -eu
source=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
status=0

(cd "$source/include" && find seqguard -name '*.hpp' | sort) | sed 's|.*|#include "&"|' >"$work/host.cpp"
"${CXX:-c++}" -std=c++20 -I"$source/include" -O1 -ffast-math -fkeep-inline-functions -c "$work/host.cpp" -o "$work/host.o"
# Names of our functions in which numbers are added, multiplied, divided, .. or handed to the C library's functions.
objdump -d -r -C --no-show-raw-insn "$work/host.o" | awk '
    /^[0-9a-f]+ <.*>:$/ { name = $0; sub(/^[0-9a-f]+ </, "", name); sub(/>:$/, "", name); next }
    /[ \t]v?(add|sub|mul|div|sqrt|fma|fmadd|fmsub)[0-9a-z]*(ss|sd|ps|pd)[ \t]/ { found[name] = 1 }
    /R_X86_64_(PLT32|PC32)[ \t]+(log|exp|pow|sin|cos|tanh|erf|sqrt|lround|llround)f?[-+]/ { found[name] = 1 }
    END { for (name in found) if (name ~ /^seqguard::/) print name }
' | sort >"$work/found"
# Exact whatever the flags are: a product with a power of two.
if grep -v -E '^seqguard::v0::Random::uniform\(\)$' "$work/found" >"$work/bad"; then
    echo "arithmetic that a host compiles:"
    cat "$work/bad"
    status=1
fi

# Templates, which the object above holds only where they are used: their names stand in an instantiation as well.
for header in $(cd "$source" && grep -l -r '^template <class Real>$' include/seqguard); do
    awk '/^template <class Real>$/ { getline line; while (line !~ /[;{]$/ && (getline more) > 0) line = line " " more
         if (line ~ /\{$/ && line !~ /^(struct|class) / && match(line, /[A-Za-z_0-9:<>]+\(/)) print substr(line, RSTART, RLENGTH - 1) }' \
        "$source/$header" | sort -u >"$work/names"
    tr -d '\\\n' <"$source/$header" | tr ';' '\n' | grep -E '(PREFIX|extern) template ' >"$work/instances" || true
    while read -r name; do
        case $name in *::*) wanted="(struct|class) ${name%%<*}<" ;; *) wanted="[ :&*]$name\(" ;; esac
        grep -qE "$wanted|[ :&*]$name\(" "$work/instances" || echo "$header: $name is no extern template"
    done <"$work/names"
done >"$work/templates"
if [ -s "$work/templates" ]; then
    cat "$work/templates"
    status=1
fi
exit $status
