#!/bin/sh
# parts.sh PROGRAM: inputs that are larger than --memory give the same judgements, in the same order, and leave nothing.
# shellcheck source=/dev/null
. "$(dirname "$0")/checks.sh"

expect 0 simulate --users 2000 --seed 4 --output shop
expect 0 fit --input shop/clean.csv --output model --epochs 1 --no-repair
mkdir temp

# The rows of all users lie among each other, in a packed file, one of them bad.
{ head -n 1 shop/events.csv; tail -n +2 shop/events.csv | sort -t , -k 3,3n -s; echo u00000,1,never,pay,,,phone; } >log.csv
gzip -k log.csv
expect 3 score --model model --input log.csv --output whole.jsonl --top 3 --drift --json whole.json
cp err whole.err
expect 3 score --model model --input log.csv.gz --output parts.jsonl --top 3 --drift --json parts.json --memory 16MB --temp temp
says err '^log.csv.gz: more than --memory holds, so judged in [2-9] parts$'
same whole.jsonl parts.jsonl
same whole.json parts.json
grep -v 'parts$\|^score: ' err | sed 's/log.csv.gz/log.csv/' >parts.err
grep -v '^score: ' whole.err >expected.err
same expected.err parts.err
[ -z "$(ls temp)" ] || complain "files are left in --temp"
"$program" score --model model --input - --format csv --quiet --memory 16MB --temp temp --output stdin.jsonl <log.csv 2>err
[ $? -eq 3 ] || complain "exit code of stdin"
same whole.jsonl stdin.jsonl
expect 3 score --model model --input log.csv.gz --output - --html page.html --memory 16MB --temp temp
says page.html '2,000'

# A pipe by name is no file whose size is known; what each rule of cleaning did is told apart.
if [ -e /dev/stdin ]; then
    "$program" score --model model --input /dev/stdin --format csv --memory 16MB --temp temp --output stdin.jsonl <log.csv 2>err
    says err 'so judged in [2-9] parts$'
fi

# fit learns from a sample, and says so; the same one for a seed.
gzip -k shop/events.csv
expect 0 fit --input shop/events.csv.gz --output sampled --epochs 1 --no-repair --memory 16MB --temp temp
says err '^warning: learns from a sample of the sequences, .* % of shop/events.csv.gz: all of it would not fit into --memory'
expect 0 fit --input shop/events.csv.gz --output again --epochs 1 --no-repair --memory 16MB --temp temp
same sampled/model.safetensors again/model.safetensors

# What cannot be done is said; the old output stays whole.
expect 2 score --model model --input log.csv --output parts.jsonl --memory 1MB
says err '^seqguard: --memory: expected 16MB or more'
expect 1 score --model model --input log.csv.gz --output parts.jsonl --memory 16MB --temp nowhere
says err 'nowhere.*(--temp)'
same whole.jsonl parts.jsonl

# Killed at any moment nothing is left, and the old output is whole.
for wait in .05 .3 .6; do
    "$program" score --model model --input log.csv.gz --output parts.jsonl --quiet --memory 16MB --temp temp 2>err &
    sleep $wait
    kill -9 $! 2>/dev/null
    wait $! 2>/dev/null
    same whole.jsonl parts.jsonl
    [ -z "$(ls temp)" ] || complain "files are left in --temp after kill -9"
done
find . -name '*.tmp-*' -delete # of kill -9: an Output cannot remove its own

finish
