#!/bin/sh
# self_test.sh: the structure tests fail on trees that break their rules, and pass on one that does not.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
fresh() {
    rm -rf "$work/tree"
    mkdir -p "$work/tree/include/seqguard/core" "$work/tree/include/seqguard/model" "$work/tree/src/core" "$work/tree/src/model" "$work/tree/src/cli"
    echo '#include "seqguard/core/a.hpp"' >"$work/tree/include/seqguard/model/m.hpp"
    printf '// abort() and printf() are not called here\nvoid at_exit(int);\n' >"$work/tree/include/seqguard/core/a.hpp"
    echo 'int main() { printf("x"); }' >"$work/tree/src/cli/main.cpp"
    echo '#include "seqguard/core/a.hpp"' | tee "$work/tree/src/core/a.cpp" >"$work/tree/src/model/m.cpp"
    echo 'static_assert(true);' >>"$work/tree/src/model/m.cpp"
    echo '#include <thread>' >>"$work/tree/src/core/a.cpp"
}
expect() { # pass|fail SCRIPT WHAT
    result=pass
    sh "$here/$2.sh" "$work/tree" >/dev/null 2>&1 || result=fail
    if [ "$result" != "$1" ]; then echo "$2.sh: expected to $1 on: $3"; failed=1; fi
}
break_with() { # SCRIPT FILE LINE
    fresh
    echo "$3" >>"$work/tree/$2"
    expect fail "$1" "$3 in $2"
}
fresh
expect pass layers "a sound tree"
expect pass banned "a sound tree"
break_with layers include/seqguard/core/a.hpp '#include "seqguard/model/m.hpp"'
break_with layers src/core/a.cpp '#include "model/m.hpp"'
break_with layers include/seqguard/core/a.hpp '#include "seqguard/elsewhere/m.hpp"'
break_with banned include/seqguard/core/a.hpp '#include <iostream>'
break_with banned include/seqguard/core/a.hpp '#include <xsimd/xsimd.hpp>'
break_with banned include/seqguard/core/a.hpp '#include <nlohmann/json.hpp>'
break_with banned include/seqguard/core/a.hpp '#include <thread>'
break_with banned src/core/a.cpp '  std::exit(1);'
break_with banned src/core/a.cpp 'if (x) abort();'
break_with banned src/core/a.cpp 'signal(2, f);'
break_with banned src/core/a.cpp 'std::printf("x");'
break_with banned src/core/a.cpp 'std::cerr << 1;'
break_with banned src/core/a.cpp '#include <xsimd/xsimd.hpp>'
break_with banned src/core/a.cpp '#include <nlohmann/json.hpp>'
break_with banned src/core/a.cpp 'assert(x);'
break_with banned src/core/a.cpp 'int x = std::rand();'
break_with banned src/core/a.cpp 'std::mt19937 generator;'
break_with banned src/model/m.cpp '#include <thread>'
break_with banned src/model/m.cpp 'std::async(f);'

if objdump --version >/dev/null 2>&1 && [ "$(uname -m)" = x86_64 ]; then
    fresh
    expect pass host_arithmetic "a sound tree"
    break_with host_arithmetic include/seqguard/core/a.hpp 'namespace seqguard { inline double f(double x) { return x / 3; } }'
    break_with host_arithmetic include/seqguard/model/m.hpp 'namespace seqguard { struct S { float f(float x) { return x + 1; } }; }'
    break_with host_arithmetic include/seqguard/model/m.hpp 'template <class Real>
Real twice(Real x) {
  return x + x;
}'
fi

# Objects: one table is right; none, or a weak function beside it, is wrong.
compile() { printf '%s\n' "$1" | "${CXX:-c++}" -x c++ -c -fPIC -o "$work/object.o" -; }
object() { # pass|fail WHAT [SCRIPT]
    result=pass
    sh "$here/${3:-isa_symbols}.sh" "$work/object.o" >/dev/null 2>&1 || result=fail
    if [ "$result" != "$1" ]; then echo "${3:-isa_symbols}.sh: expected to $1 on: $2"; failed=1; fi
}
table='extern const int k_kernels_x; const int k_kernels_x = 1;'
compile "$table"
object pass "one table"
compile 'extern const int k_matmul_fp32_x; const int k_matmul_fp32_x = 1;'
object pass "one table of matrix products"
compile "$table extern const int k_matmul_fp32_x; const int k_matmul_fp32_x = 1;"
object fail "two tables"
compile "$table inline int leak() { return 1; } int (*const use)() = leak; int g() { return use(); }"
object fail "a weak function"
compile 'int f() { return 1; }'
object fail "no table"

# Variables: constants are right, whatever their section; what a call could change is wrong.
compile 'const char* const names[] = {"a"}; const char* const* f() { return names; }'
object pass "constants" global_state
for state in 'int count; int f() { return ++count; }' 'int f() { static int calls = 3; return ++calls; }' \
    'thread_local int last; int f() { return ++last; }' 'inline int cache = 1; int f() { return ++cache; }'; do
    compile "namespace seqguard { $state }"
    object fail "$state" global_state
done
exit $failed
