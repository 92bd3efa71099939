# Shared by the scripts of this folder: sourced with the program as $1. Works in a folder that is removed at the end.
set -u
program=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
failures=0

complain() {
    echo "FAILED: $*"
    failures=$((failures + 1))
}

# expect CODE ARGUMENTS...: runs the program, keeps its streams in out and err.
expect() {
    wanted=$1
    shift
    "$program" "$@" >out 2>err </dev/null
    got=$?
    [ "$got" -eq "$wanted" ] || complain "exit code $got instead of $wanted: seqguard $* ($(head -n 3 err))"
}

# says FILE PATTERN: the file has a line that matches.
says() { grep -q -e "$2" "$1" || complain "no line \"$2\" in $1: $(head -n 5 "$1")"; }
says_not() { ! grep -q -e "$2" "$1" || complain "a line \"$2\" in $1: $(head -n 5 "$1")"; }
empty() { [ ! -s "$1" ] || complain "$1 is not empty: $(head -n 3 "$1")"; }
one_line() { [ "$(wc -l <"$1")" -eq 1 ] || complain "$1 is not one line: $(head -n 5 "$1")"; }
same() { cmp -s "$1" "$2" || complain "$1 and $2 differ"; }
no_leftovers() { [ -z "$(find "$work" -name '*.tmp-*')" ] || complain "temporary files are left: $(find "$work" -name '*.tmp-*')"; }

finish() {
    no_leftovers
    [ "$failures" -eq 0 ] || exit 1
    echo "all checks passed"
}
