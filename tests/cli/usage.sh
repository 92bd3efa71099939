#!/bin/sh
# usage.sh PROGRAM SOURCE_DIR: what needs no model. Exit codes, streams, refusals by name, outputs replaced only when complete.
# shellcheck source=/dev/null
. "$(dirname "$0")/checks.sh"

# --- help, version, usage ---------------------------------------------------------------------------------------------
expect 0 --version
says out '^seqguard [0-9]'
says out 'instruction set: '
says out '^precision: fp32'
says out '^matrix products: own'
expect 0 --help
for command in simulate inspect fit score evaluate repair encode convert; do
    says out "$command"
    "$program" "$command" --help >help 2>err || complain "$command --help fails"
    says help '^Example:'
    says help "seqguard $command "
done
expect 2
expect 2 nonsense
empty out
one_line err
says err '^seqguard: unknown command "nonsense", expected one of simulate, .*fine-tune (see seqguard --help)$'
expect 2 Score --model x --input y
says err 'unknown command "Score"'
expect 2 fit --input x --output y --no-such-flag
says err 'no-such-flag'
one_line err
expect 2 fit --output x
says err 'input'
for command in feedback serve; do
    expect 2 "$command" --model x
    says err "\"$command\" is not built yet"
done
for precision in bf16x3 int4 fp8; do
    expect 2 fit --input x --output y --precision $precision
    says err "precision (--precision): unknown name, expected auto, fp32, bf16 or int8, found $precision"
    one_line err
done
expect 2 fit --input x --output y --schema z
says err 'schema.*not built yet'
expect 2 score --model x --input y --normals z
says err 'normals.*explain'
expect 2 score --model x --input y --explain-all
expect 2 encode --model x --output-kind sentence
says err 'sentence_embedding'
expect 2 encode --model x --output-kind logits --format csv
says err 'format'
expect 2 simulate --users -5 --output x
expect 2 fit --input x --output y --threads 0
expect 2 evaluate --model x --input y
expect 2 evaluate --scores x --model y
expect 2 repair --model x --input y --output - --edits -
for value in 0 1 -0.1 nan x; do
    expect 2 repair --model x --input y --max-false-edits $value
    one_line err
    says err "^seqguard repair: --max-false-edits: expected a share between 0 and 1, found $value (see"
done
expect 2 repair --model x --input y --max-edits 3
says err '^seqguard repair: --max-edits: is no longer there: .*--max-false-edits'
expect 2 repair --model x --input y --dry-run --output z
says err 'excludes'
expect 2 repair --model x --input y --dry-run --edits - --json -
says err 'only one of'
expect 2 evaluate --model x --input y --labels z --max-false-edits 0.1
says err 'max-false-edits requires --clean'

# --- flags: those that are not known beside one that is missing, wrong values by the name of the flag -------------------------
expect 2 fit --inptu x --output y
says err '^seqguard fit: --input is required; not known: --inptu (see'
expect 2 fit --output y --foo=3 --bar 4
says err '^seqguard fit: --input is required; not known: --foo, --bar (see'
expect 2 score --model x
says err '^seqguard score: --input is required (see'
wrong() { # FLAG VALUE
    expect 2 fit --input x --output y "$1" "$2"
    one_line err
    says err "^seqguard fit: $1: .*expected .*found $2 (see"
}
wrong --matmul no-such
wrong --isa no-such
wrong --window 2
wrong --window 1000001
for value in 0 1 -0.1 nan x; do wrong --target-fpr $value; done
for value in 1 -0.1 nan; do wrong --valid-fraction $value; done
for value in -1 nan; do wrong --max-minutes $value; done
for flag in --epochs --seed --max-errors; do wrong $flag -1; done
wrong --epochs 1.5
expect 2 fit --input x --output y --threads 0
says err '^seqguard fit: --threads: '
expect 2 recalibrate --model x --input y --output z --target-fpr 7
says err '^seqguard recalibrate: --target-fpr: '
expect 2 convert --from x --to y --max-shard-size 0
says err '^seqguard convert: --max-shard-size: expected '
printf 'view cart\nview buy\n' >lines.txt
printf 'user,time,date,event\nu,1,2,a\nu,2,3,b\n' >table.csv
expect 2 inspect lines.txt --format nonsense
says err 'format (--format): unknown'
expect 2 score --model "$2/tests/golden/model_d12" --input x --expected 3
expect 2 inspect table.csv --columns event:nonsense
says err '^seqguard: columns (--columns): '
expect 2 inspect table.csv --columns event,event
says err '^seqguard: columns (--columns): '

# --- flags that would have no effect ------------------------------------------------------------------------------------------
for flag in --key --order --time --columns; do
    expect 2 inspect lines.txt $flag user
    one_line err
    says err "^seqguard: lines.txt: .*: $flag would have no effect"
    expect 2 inspect table.csv --format lines $flag user
    expect 2 fit --input lines.txt --output y $flag user
    says err "$flag would have no effect"
done
expect 0 inspect table.csv --key user --order time --time time --columns event
expect 2 fit --input lines.txt --output y --key a --order b
says err ': --key, --order would have no effect'
expect 2 inspect table.csv --time time --columns event,date:time
says err 'a second time column, expected one, found "time" and "date"$'
expect 2 inspect table.csv --columns event,date:time,time:time
says err 'a second time column'
expect 0 inspect table.csv --columns event,date:time
for flag in --strict "--format csv" "--max-errors 3" "--key user" "--order user" "--time user" "--columns user"; do
    # shellcheck disable=SC2086 # a flag and its value
    expect 2 inspect "$2/tests/golden/model_d12" $flag
    says err "${flag% *}: without effect"
done
expect 2 score --model x --input y --expected 2
says err 'expected requires --per-event'
expect 2 score --model x --input y --strict --max-errors 2
says err 'excludes'
for flag in --strict "--format csv" "--max-errors 3"; do
    # shellcheck disable=SC2086 # a flag and its value
    expect 2 evaluate --scores x $flag
    says err 'excludes'
done
expect 2 encode --model x --output-kind input_ids --mask causal
says err 'mask has no effect on input_ids'

# --- failures: one line that says what and where -------------------------------------------------------------------------
expect 1 inspect no-such-file.csv
says err 'no-such-file.csv'
one_line err
empty out
expect 1 score --model no-such-model --input y
says err 'no-such-model'
one_line err
printf 'a,b\n1,2\n' >nokey.csv
expect 1 inspect nokey.csv
says err 'nokey.csv'
expect 1 inspect --format jsonl nokey.csv
says err '^seqguard: nokey.csv: no field of its lines looks like a key'
expect 1 inspect --columns event:hash nokey.csv

# --- bad rows: named, counted, exit code 3, neighbours survive; --strict fails at the first ---------------------------------
printf 'user,event\nu,a\nu\nu,b\nu,c,d,e\nv,a\n' >bad.csv
expect 3 inspect bad.csv
says err '^bad.csv:3: '
says err '^bad.csv:5: '
says err '2 bad rows'
says out 'events  *3$'
expect 3 inspect bad.csv --max-errors 1
says err '^bad.csv:3: '
grep -q '^bad.csv:5: ' err && complain "--max-errors 1 names two rows"
expect 1 inspect bad.csv --strict
says err 'bad.csv:3: '
"$program" inspect - --format csv <bad.csv >out 2>err
[ $? -eq 3 ] || complain "inspect - does not read stdin"
says err '^stdin:3: '

printf 'user,event\nu,a\nu\nu,b\n' >one_bad.csv
expect 3 inspect one_bad.csv
says err '^warning: 1 bad row of one_bad.csv was left out$'
expect 0 simulate --users 1 --output one_user
says err '^simulated 1 user with [0-9]* events'
printf '{"input_ids":[2]}\n{}\n' >requests.jsonl
expect 3 encode --model "$2/tests/golden/model_d12" --output-kind input_ids --input requests.jsonl
says err '^warning: 1 bad line was answered with an error$'

# --- simulate: the same for the same seed, a folder that appears whole ---------------------------------------------------------
expect 0 simulate --users 40 --seed 3 --output shop --json summary.json
empty out
says err '40 users'
says summary.json '"users":40,'
expect 0 simulate --users 40 --seed 3 --output again --quiet
empty err
for file in events labels clean; do same "shop/$file.csv" "again/$file.csv"; done
expect 0 simulate --users 40 --seed 4 --output again --quiet
cmp -s shop/events.csv again/events.csv && complain "another seed gives the same events"
expect 0 inspect shop/events.csv --json -
says out '"sequences":40,'

# --- evaluate --scores: figures worked out by hand ------------------------------------------------------------------------------
cat >scores.jsonl <<'END'
{"score":1,"label":0,"is_anomaly":false}
{"score":2,"label":0,"is_anomaly":false}
{"score":5,"label":"normal","is_anomaly":true}
{"score":4,"label":"bot","is_anomaly":true}
{"score":6,"label":"bot","is_anomaly":true}
{"score":0,"label":"burst","is_anomaly":false}
END
expect 0 evaluate --scores scores.jsonl --json figures.json
empty out
says err 'bot .* 0.833 '
# 9 pairs, 5 won; thresholds 6, 5, 4, 2, 1, 0: precision 1 at recall 1/3, 2/3 at 2/3, 1/2 at 1.
says figures.json '"kind":"all","normal":3,"abnormal":3,"prevalence":0.5,"auroc":0.555555556,"ap":0.722222222,'
says figures.json '"tpr_at_1":0.333333333,"tpr_at_5":0.333333333,"fpr":0.333333333,'
says figures.json '"f1":0.666666667'
says figures.json '"kind":"burst","normal":3,"abnormal":1,"prevalence":0.25,"auroc":0,'
expect 0 evaluate --scores scores.jsonl --json - --quiet
same out figures.json
empty err
printf '{"score":1,"label":0}\n{"label":1}\n' >broken.jsonl
expect 1 evaluate --scores broken.jsonl
says err 'broken.jsonl:2: '

# --- outputs --------------------------------------------------------------------------------------------------------------------
echo old >kept.json
expect 1 evaluate --scores broken.jsonl --json kept.json
says kept.json '^old$'
expect 0 evaluate --scores scores.jsonl --json kept.json --quiet
same kept.json figures.json
chmod 640 kept.json
ln -s kept.json link.json
expect 0 evaluate --scores scores.jsonl --json link.json --quiet
[ -L link.json ] || complain "a link was replaced by a file"
[ "$(stat -c %a kept.json)" = 640 ] || complain "the rights of an output changed"
expect 1 evaluate --scores scores.jsonl --json no-such-folder/x.json
expect 1 evaluate --scores scores.jsonl --json .

# An output that cannot be written is found before the work: these have no input.
echo text >plain
mkdir folder
early() { # WHAT ARGUMENTS...
    what=$1
    shift
    expect 1 "$@"
    one_line err
    says err "^seqguard: $what"
}
for command in "score --model x --input y" "repair --model x --input y" "encode --model x --output-kind logits"; do
    # shellcheck disable=SC2086 # a list of arguments
    {
        early 'none/out: cannot be written: no folder none$' $command --output none/out
        early 'plain/out: cannot be written: plain is no folder$' $command --output plain/out
        early 'folder: is a directory, expected a file' $command --output folder
        early 'none/out: cannot be written' $command --output folder/out --json none/out
    }
done
early 'none/out: cannot be written' repair --model x --input y --edits none/out
for command in "fit --input y --output" "recalibrate --model x --input y --output" "convert --from x --to" "simulate --users 1000000 --output"; do
    # shellcheck disable=SC2086 # a list of arguments
    {
        early 'none/out: cannot be written: no folder none$' $command none/out
        early 'plain/out: cannot be written: plain is no folder$' $command plain/out/
        early 'plain: is a file, expected a folder' $command plain
        early 'none/out: cannot be written' $command folder --json none/out
    }
done
early 'none/out: cannot be written' inspect y --json none/out
early 'none/out: cannot be written' evaluate --scores y --json none/out
early 'none/out: cannot be written' inspect y --html none/out
early 'none/out: cannot be written' evaluate --scores y --report none/out
early 'none/out: cannot be written' score --model x --input y --output folder/out --html none/out
mkdir busy.fit-state
early 'busy.fit-state: is a directory' fit --input y --output busy
if [ "$(id -u)" -ne 0 ]; then # who may do everything may write there too
    mkdir -m 555 closed
    early 'closed/out: cannot be written: the folder closed: ' score --model x --input y --output closed/out
    early 'closed/out: cannot be written: the folder closed: ' fit --input y --output closed/out
fi
says plain '^text$'
[ -z "$(ls folder)" ] || complain "asking whether an output can be written leaves something"

# --- stdout that takes nothing: exit code 1, and a line that says so -----------------------------------------------------------
# fails_to_write WHAT ARGUMENTS...: the program has just ended with $got.
fails_to_write() {
    what=$1
    shift
    [ "$got" -eq 1 ] || complain "exit code $got instead of 1 with $what: seqguard $*"
    [ "$(grep -c '^seqguard: stdout: cannot be written: ' err)" -eq 1 ] || complain "not one line about $what: seqguard $* ($(cat err))"
}
cannot_write() { # ARGUMENTS...
    if [ -e /dev/full ]; then
        "$program" "$@" >/dev/full 2>err </dev/null
        got=$?
        fails_to_write "a full device" "$@"
    fi
    "$program" "$@" >&- 2>err </dev/null
    got=$?
    fails_to_write "a closed stdout" "$@"
    { sleep 0.2; "$program" "$@" 2>err </dev/null; echo $? >code; } | true # nobody reads
    got=$(cat code)
    fails_to_write "a broken pipe" "$@"
}
cannot_write --help
cannot_write --version
for command in simulate inspect fit score evaluate repair encode convert; do cannot_write "$command" --help; done
cannot_write inspect shop/events.csv
cannot_write inspect --json - shop/events.csv
cannot_write evaluate --scores scores.jsonl --json -
cannot_write simulate --users 10 --output few --json -
cannot_write convert --from "$2/tests/golden/weight_files/single" --to converted --json -
if [ -e /dev/full ]; then
    expect 1 simulate --users 10 --output few --json /dev/full
    says err '^seqguard: /dev/full: cannot be written: '
fi

# --- closed streams: what is meant for them gets into no file that is opened in their place ------------------------------------
"$program" simulate --users 40 --seed 3 --output again <&- >&- 2>&-
[ $? -eq 0 ] || complain "simulate needs its standard streams"
for file in events labels clean; do same "shop/$file.csv" "again/$file.csv"; done
"$program" evaluate --scores scores.jsonl --json kept.json <&- >&- 2>&-
[ $? -eq 0 ] || complain "evaluate needs its standard streams"
same kept.json figures.json
"$program" inspect - --format csv <&- >out 2>err
[ $? -eq 1 ] || complain "a closed stdin is taken for an empty one"
says err '^seqguard: stdin: '
finish
