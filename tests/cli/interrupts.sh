#!/bin/sh
# interrupts.sh PROGRAM: Ctrl-C and `kill`. The program ends by the signal (130 = 128 + SIGINT for a shell, 143 SIGTERM,
# 129 SIGHUP), says so in one line, leaves outputs as they were, and a fit goes on from where it was stopped.
# shellcheck source=/dev/null
. "$(dirname "$0")/checks.sh"

# start ARGUMENTS...: runs the program in the background, its streams as with expect; its number in $running.
start() {
    command=$1
    "$program" "$@" >out 2>err <"${stdin:-/dev/null}" &
    running=$!
}

# wait_until CONDITION...: polls for at most a minute.
wait_until() {
    tries=0
    until "$@"; do
        tries=$((tries + 1))
        [ $tries -lt 1200 ] || { complain "never: $*"; return; }
        kill -0 $running 2>/dev/null || { complain "$command ended before: $* ($(head -n 3 err))"; return; }
        sleep 0.05
    done
}
# The handlers stand: SIGHUP, SIGINT and SIGTERM are caught (bits 0, 1 and 14).
is_listening() { grep -q '^SigCgt:.*4003$' /proc/$running/status 2>/dev/null; }
is_fitting() { grep -q '^plan: ' err; }
has_temporary_file() { [ -n "$(find . -maxdepth 1 -name "$1.tmp-*")" ]; }

# interrupt SIGNAL CODE: ends what was started; it says that it was interrupted, in one last line.
interrupt() {
    kill -"$1" $running
    wait $running
    got=$?
    [ "$got" -eq "$2" ] || complain "exit code $got instead of $2 after SIG$1: $command ($(tail -n 1 err))"
    [ "$(grep -c '^seqguard: interrupted' err)" -eq 1 ] || complain "not one line about SIG$1: $command ($(cat err))"
    tail -n 1 err | grep -q '^seqguard: interrupted' || complain "the last line says nothing of SIG$1: $command ($(cat err))"
}

"$program" simulate --users 60 --seed 1 --output past --quiet

# --- fit: the state is saved at the interrupt, and the resumed fit ends with the same bits -----------------------------------
fit_arguments="fit --input past/clean.csv --epochs 50 --target-fpr 0.1 --no-repair"
# shellcheck disable=SC2086 # a list of arguments
expect 0 $fit_arguments --output straight --quiet
for signal in "INT 130" "TERM 143" "HUP 129"; do
    # shellcheck disable=SC2086 # a list of arguments
    start $fit_arguments --output model
    wait_until is_fitting
    sleep 0.2
    # shellcheck disable=SC2086 # a signal and a code
    interrupt $signal
    says err '^seqguard: interrupted: fit: stopped after step [0-9]* of [0-9]* of training 1 of 1 (encoder); saved in model\.fit-state; .*--resume '
    [ -s model.fit-state ] || complain "SIG$signal: no state was saved"
    [ ! -e model ] || complain "SIG$signal: an interrupted fit leaves a model"
    # shellcheck disable=SC2086 # a list of arguments
    expect 0 $fit_arguments --output model --resume --json fit.json
    says fit.json '"resumed":true'
    says err '^--resume: goes on from model\.fit-state$'
    diff -r straight model || complain "SIG$signal: the resumed fit gives other bits"
    [ ! -e model.fit-state ] || complain "SIG$signal: the resumed fit leaves its state"
    rm -r model
done

# --- fit: what it says of its state file --------------------------------------------------------------------------------------
expect 0 fit --input past/clean.csv --output model --epochs 1 --no-repair --resume --quiet --json fit.json
one_line err
says fit.json '"resumed":false'
says err '^warning: --resume: there is no model\.fit-state, so the fit starts anew$'
# shellcheck disable=SC2086 # a list of arguments
start $fit_arguments --output other/
wait_until is_fitting
sleep 0.2
interrupt INT 130
[ -s other.fit-state ] || complain "no state beside other/"
expect 0 fit --input past/clean.csv --output other --epochs 1 --no-repair --quiet
one_line err
says err '^warning: other\.fit-state of an interrupted fit is there; without --resume the fit starts anew and replaces it$'

# A state of other data is not what is gone on from, and stays for those that it belongs to.
# shellcheck disable=SC2086 # a list of arguments
start $fit_arguments --output third
wait_until is_fitting
sleep 0.2
interrupt INT 130
cp third.fit-state before.fit-state
# shellcheck disable=SC2086 # a list of arguments
expect 1 $fit_arguments --seed 7 --output third --resume
says err '^seqguard: third\.fit-state: .*belongs to other data'
says_not err 'goes on from'
cmp third.fit-state before.fit-state || complain "a fit that was refused changed the state"

# --- fit: before the first step nothing is lost, and the old model stays ----------------------------------------------------------
cp -r model before
mkfifo pipe
stdin=pipe
start fit --input - --format csv --output model --resume
exec 3>pipe # the program waits for rows
wait_until is_listening
interrupt INT 130
exec 3>&-
stdin=
one_line err
says err '^seqguard: interrupted; no file was changed$'
diff -r before model || complain "a fit that was interrupted while reading changed the model"
# shellcheck disable=SC2086 # a list of arguments
start $fit_arguments --output model
wait_until is_fitting
interrupt TERM 143
diff -r before model || complain "an interrupted fit changed the model"
rm -f model.fit-state

# --- the other commands: what was there stays, whatever they were doing -----------------------------------------------------------
for i in 1 2 3 4 5 6 7 8; do
    sed -e 1d -e "s/^/$i/" past/events.csv
done >rows
for i in 1 2 3 4 5 6 7 8; do sed "s/^/$i/" rows; done >more_rows
{ head -n 1 past/events.csv; cat more_rows; } >long.csv # 3,840 sequences
echo old >kept
start score --model model --input long.csv --per-event --expected 50 --output kept
wait_until has_temporary_file kept
interrupt INT 130
says err '^seqguard: interrupted: score: .*no file was changed$'
says kept '^old$'
no_leftovers
start score --model model --input long.csv --per-event --expected 50
wait_until test -s out
interrupt TERM 143
says err '^seqguard: interrupted: score: .*no file was changed, but stdout has only a part$'

for i in 1 2 3 4; do sed "s/^/$i/" more_rows; done >rows
{ head -n 1 past/events.csv; cat rows; } >long.csv # 15,360 sequences
expect 0 fit --input past/clean.csv --output repairer --epochs 1 --quiet
start repair --model repairer --input long.csv --output kept --edits kept_edits --max-false-edits 0.1
wait_until is_listening
sleep 0.3
interrupt TERM 143
says kept '^old$'
[ ! -e kept_edits ] || complain "an interrupted repair leaves edits"
start evaluate --model model --normal long.csv --abnormal long.csv --json kept
wait_until is_listening
sleep 0.3
interrupt INT 130
says kept '^old$'
empty out

cp -r past past_before
start simulate --users 300000 --output past
wait_until is_listening
interrupt INT 130
diff -r past_before past || complain "an interrupted simulate changed its folder"

# encode waits for a line of a pipe: the first signal ends it, what was read so far is no output.
m=$2/tests/golden/model_d12
stdin=pipe
start encode --model "$m" --output-kind input_ids --output kept
exec 3>pipe
printf '{"input_ids":[2,5,3]}\n{"input_' >&3
wait_until has_temporary_file kept
interrupt INT 130
exec 3>&-
stdin=
says kept '^old$'
grep -q 'bad' err && complain "encode judges half of a line"
finish
