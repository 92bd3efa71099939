#!/bin/sh
# Builds everything and runs all tests: sh tests/run.sh, from any folder, on a bare Debian 12. Installs what is missing
# (cmake/install_dependencies.sh), builds and tests the release preset, then the threads under ThreadSanitizer.
# The last line is `N passed, N failed[, N skipped]`, counted from what CTest printed; the exit code is 0 if something
# passed and nothing failed.
set -u
cd "$(dirname "$0")/.." || exit 1
passed=0 failed=0 skipped=0
logs=build/test-logs
jobs=$(nproc)

# attempt NAME COMMAND...: a step without tests of its own counts only if it fails.
attempt() {
    name=$1
    shift
    echo "== $name"
    "$@" >"$logs/$name.log" 2>&1 && return 0
    tail -n 40 "$logs/$name.log"
    echo "failed: $name (all of it: $logs/$name.log)"
    failed=$((failed + 1))
    return 1
}

# run_ctest NAME COMMAND...: adds CTest's own results, one per line `i/n Test #k: name ... Passed`.
run_ctest() {
    name=$1
    shift
    echo "== $name"
    "$@" >"$logs/$name.log" 2>&1
    status=$?
    results=$(grep -E '^ *[0-9]+/[0-9]+ Test +#[0-9]+: ' "$logs/$name.log")
    total=$(printf '%s\n' "$results" | grep -c .)
    good=$(printf '%s\n' "$results" | grep -Ec ' Passed +[0-9.]+ sec')
    without=$(printf '%s\n' "$results" | grep -c '\*\*\*Skipped')
    bad=$((total - good - without))
    # No test at all, or a failure that no line tells of, is a failure too.
    if [ "$total" -eq 0 ] || { [ "$status" -ne 0 ] && [ "$bad" -eq 0 ]; }; then bad=$((bad + 1)); fi
    passed=$((passed + good)) failed=$((failed + bad)) skipped=$((skipped + without))
    printf '%s\n' "$results" | grep '\*\*\*Skipped'
    if [ "$bad" -gt 0 ]; then sed -n '/^The following tests FAILED/,$p' "$logs/$name.log"; tail -n 60 "$logs/$name.log"; fi
    echo "$name: $good of $total passed"
}

# Older kernels and ThreadSanitizer disagree about random addresses; without them it always starts.
fixed_addresses=
if setarch "$(uname -m)" -R true 2>/dev/null; then fixed_addresses="setarch $(uname -m) -R"; fi

mkdir -p "$logs"
if attempt packages sh cmake/install_dependencies.sh build tests bench; then
    attempt configure cmake --preset release &&
        attempt build cmake --build --preset release -j "$jobs" &&
        run_ctest tests ctest --preset release -j "$jobs"
    attempt configure-tsan cmake --preset tsan &&
        attempt build-tsan $fixed_addresses cmake --build --preset tsan -j "$jobs" &&
        run_ctest tests-tsan $fixed_addresses ctest --preset tsan -j "$jobs"
fi

summary="$passed passed, $failed failed"
[ "$skipped" -eq 0 ] || summary="$summary, $skipped skipped"
echo "$summary"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
