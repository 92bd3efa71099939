#!/bin/sh
# pipeline.sh PROGRAM: simulate, fit, score, evaluate, repair on a tiny shop, each as a user would call it.
# shellcheck source=/dev/null
. "$(dirname "$0")/checks.sh"

"$program" simulate --users 60 --seed 1 --output past --quiet
"$program" simulate --users 60 --seed 2 --output shop --quiet
expect 0 fit --input past/clean.csv --output model --epochs 10 --target-fpr 0.1 --json fit.json
empty out
says err '60 sequences'
says err 'event (judged)'
says err 'plan: '
says fit.json '"sequences":60,'
for file in config.json model.safetensors event_schema.json detector.json profile.safetensors; do
    [ -s "model/$file" ] || complain "fit wrote no $file"
done
[ ! -e model.fit-state ] || complain "fit leaves its state file"
expect 0 inspect model
says out 'edit tagger  *2 x 64, window '
says out 'gate normals  *15: --max-false-edits from 6.2 % on'
says fit.json '"repair":{"held_out":15,'
says out 'recipe  *default'
says out 'column event .*(judged)'

# --- score: a line per sequence in input order, the same at any number of threads and through a pipe ------------------------
expect 0 score --model model --input shop/events.csv --output scores.jsonl --top 2
empty out
says err 'expected there: '
[ "$(wc -l <scores.jsonl)" -eq 60 ] || complain "not one line for each of 60 sequences"
head -n 1 scores.jsonl >first
says first '^{"key":"[^"]*","line":2,"n_events":[0-9]*,"score":[-0-9.e+]*,"p_value":[0-9.e+-]*,"p_conformal":[0-9.e+-]*,"is_anomaly":\(true\|false\),"worst":[0-9]*,"worst_by":"[a-z]*"'
expect 0 score --model model --input shop/events.csv --threads 2 --quiet
same out scores.jsonl
empty err
"$program" score --model model --input - --format csv --quiet <shop/events.csv >out 2>err
same out scores.jsonl
head -n 30 shop/events.csv >few.csv
expect 0 score --model model --input few.csv --per-event --expected 2 --quiet
says out '"events":\[{"position":0,"score":[-0-9.e+]*,"p_value":[-0-9.e+]*,"expected":\[\["[^"]*",[0-9.e-]*\],\["'

# --- packed input is known by its first bytes, and a repair is packed as its input was -----------------------------------------
gzip -c shop/events.csv >packed.csv.gz
expect 0 score --model model --input packed.csv.gz --quiet
same out scores.jsonl
"$program" score --model model --input - --format csv --quiet <packed.csv.gz >out 2>err
same out scores.jsonl
head -c 3000 packed.csv.gz >cut.csv.gz
expect 1 inspect cut.csv.gz
says err 'cut.csv.gz: byte 3000 of the archive: the gzip archive ends in the middle'
printf 'PAR1\025\004\000\000' >data.parquet
expect 1 fit --input data.parquet --output no-model
says err 'a Parquet file, which is not read here: `duckdb -c .* | seqguard'

# --- events as JSON lines: the same scores, and a repair that writes JSON --------------------------------------------------------
awk -F, 'NR > 1 { printf "{\"user\":\"%s\",\"position\":%s,\"time\":\"%s\",\"event\":\"%s\",\"item\":\"%s\",\"price\":%s,\"device\":\"%s\"}\n",
                        $1, $2, $3, $4, $5, $6 == "" ? "null" : $6, $7 }' shop/events.csv >events.jsonl
"$program" score --model model --input - --quiet <events.jsonl 2>err | sed 's/"line":[0-9]*,//' >json-scores
sed 's/"line":[0-9]*,//' scores.jsonl >csv-scores
same json-scores csv-scores
# A table with semicolons and decimal commas, and one without a header: as events.csv.
sed 's/,/;/g; s/\./,/g' shop/events.csv >german.csv
expect 0 score --model model --input german.csv --quiet
same out scores.jsonl
tail -n +2 shop/events.csv >bare.csv
"$program" score --model model --input bare.csv --no-header --columns user,position,time,event,item,price,device --quiet 2>err |
    sed 's/"line":[0-9]*,//' >bare-scores
same bare-scores csv-scores
expect 1 score --model model --input bare.csv
expect 2 score --model model --input bare.csv --columns user,event
expect 2 score --model model --input bare.csv --no-header --columns user,event
says err 'expected 7, as its first row has (- skips one), found 2'
expect 2 score --model model --input german.csv --separator semicolon
says err '--separator: expected one character or tab'
expect 2 score --model model --input events.jsonl --separator ';'
expect 0 inspect shop/events.csv --separator , --decimal .
printf 'user,date,event\nu,04/07/14,a\nu,05/07/14,b\n' >days.csv
expect 0 inspect days.csv
says err '^warning: days.csv: column "date" is called like a time, .*--time date reads it'
printf '{"key":"u","events":["home","login"]}\n{"key":"v","events":["home"]}\n' >sequences.jsonl
expect 0 inspect sequences.jsonl
says out 'sequences  *2'
says out 'format  *jsonl'
printf '# made today\nuser;event;n\nu;a;1,5\nu;b;2,5\n' >guessed.csv
expect 0 inspect guessed.csv --json facts.json
says out 'separator  *;$'
says out 'comment lines  *1$'
says facts.json '"data":{"separator":";","decimal_sign":",","comment_lines":"1",'
says err '^warning: guessed.csv: numbers are read with a decimal comma, .*"1,5".*--decimal'
printf '{"user":"u","event":"a"}\n{"user":"u","event":nul}\n' >bad.jsonl
expect 3 inspect bad.jsonl
says err 'bad.jsonl:2: column 24: no valid JSON'

# --- score --explain: the abnormal sequences, the worst for people; the scores stay as they are ----------------------------------
expect 0 score --model model --input shop/events.csv --explain --normals past/clean.csv --output explained.jsonl
says err '^the 3 most abnormal of 60 sequences, .*suspicious events in brackets:'
says err '^  - .* normal sequences'
says err '^  - nearest normal, user '
says explained.jsonl '"is_anomaly":true,.*"explanation":{"sentences":\["'
says explained.jsonl '"events":\[{"position":[0-9]*,"p_value":[-0-9.e+]*,.*"columns":\[{"column":"[a-z]*","value":"'
says explained.jsonl '"complete":true,"attributions":\[{"position":[0-9]*,"column":"[a-z]*","value":[-0-9.e]*}'
says explained.jsonl '"nearest":{"key":"u[0-9]*","line":[0-9]*,"distance":[0-9]*,"alignment":\[\[\("\|null\)'
says_not explained.jsonl '"is_anomaly":false,.*"explanation"'
sed 's/,"explanation":.*/}/' explained.jsonl >bare.jsonl
same bare.jsonl scores.jsonl
expect 0 score --model model --input shop/events.csv --explain --normals past/clean.csv --threads 2 --quiet
same out explained.jsonl
empty err
expect 0 score --model model --input few.csv --explain --explain-all --quiet
says_not out '"n_events":[0-9]*,"score":[^x]*"view":"[^"]*"}$'
expect 1 score --model model --input few.csv --explain --normals no-such-file
expect 0 score --model model --input shop/events.csv --output scores.jsonl --quiet
sed '5s/,.*//' few.csv >bad.csv
expect 3 score --model model --input bad.csv
says err '^bad.csv:5: '
expect 1 score --model model --input bad.csv --strict
expect 1 score --model shop --input few.csv
expect 2 score --model model --input few.csv --matmul no-such-backend
says err '^seqguard score: --matmul: .*no-such-backend'
expect 0 score --model model --input few.csv --gemm own --precision fp32 --quiet
cp out few.fp32
expect 0 score --model model --input few.csv --precision auto --quiet
cmp -s out few.fp32 || complain "--precision auto is not fp32"
for precision in bf16 int8; do
    expect 1 score --model model --input few.csv --precision $precision --isa baseline
    says err "precision (--precision): not offered for the instruction set baseline, expected fp32, found $precision"
    expect 1 fit --input past/clean.csv --output x --precision $precision
    says err "precision (--precision): models are trained and calibrated in single precision, expected fp32, found $precision"
    "$program" --version | grep -q "^precision:.* $precision" || continue
    expect 0 score --model model --input few.csv --precision $precision
    says err "^note: model/detector.json: calibrated in fp32, and scores in $precision (--precision $precision)"
    cmp -s out few.fp32 && complain "$precision gives the bits of fp32"
    expect 0 inspect model --precision $precision
    says out "precision *$precision"
    says out 'calibrated in *fp32'
    says out "note 1 .*calibrated in fp32, and scores in $precision"
    expect 1 score --model model --input few.csv --precision $precision --matmul eigen
    says err "no products in $precision"
done

# --- thresholds: what a fit says of them, drift, a new calibration -------------------------------------------------------------
says fit.json '"target_fpr":0.1,"own_judged":60,"own_alarms":[0-9]*,"held_out":15,"held_out_alarms":[0-9]*,"warnings":\[\]'
expect 0 score --model model --input past/clean.csv --output /dev/null --drift --json drift.json
says err 'drift: .* % of the p-values are at most 0.01 '
says drift.json '"drift":{"has_drifted":false,"levels":\[{"p_value":0.01,"share":[0-9.]*,"most":[0-9.]*}'
"$program" simulate --users 80 --seed 3 --output recent --quiet
expect 0 recalibrate --model model --input recent/clean.csv --output moved --json moved.json
empty out
says err 'called abnormal before: '
says moved.json '^{"sequences":80,"alarms_before":[0-9]*,"target_fpr":0.1,"own_judged":0,"own_alarms":0,"held_out":80,'
cmp model/model.safetensors moved/model.safetensors || complain "recalibrate changed the weights"
expect 0 inspect moved
says out 'recalibrated on  *80 '
expect 0 score --model moved --input shop/events.csv --quiet
expect 0 recalibrate --model model --input recent/clean.csv --output moved --target-fpr 0.05 --quiet
empty err
expect 1 recalibrate --model model --input few.csv --output moved
says err 'too few sequences'
# Other sequences for early stopping.
expect 0 fit --input past/clean.csv --valid recent/clean.csv --output watched --epochs 1 --no-repair
says err '^early stopping watches recent/clean.csv: '
expect 1 fit --input past/clean.csv --valid none.csv --output watched --epochs 1 --no-repair
says err 'none.csv'
expect 1 fit --input past/clean.csv --valid past/labels.csv --output watched --epochs 1 --no-repair
says err 'labels.csv'
expect 2 fit --input past/clean.csv --valid recent/clean.csv --valid-fraction 0.2 --output watched
yes 'view cart buy' | head -n 40 >equal.txt
expect 0 fit --input equal.txt --output equal --epochs 1 --no-repair
says err 'called abnormal: 0.0 % (0 of 40) of its own sequences, 0.0 % (0 of 40) of held-out ones (target: 1.0 %)'
says err 'warning: the target of 1 % cannot be promised: .*(300 show it), or raise --target-fpr'
# A target that 40 normals cannot support, in enough digits.
expect 0 fit --input equal.txt --output tiny --epochs 1 --no-repair --target-fpr 0.0000012 --json tiny.json
says err '(target: 0.00012 %)$'
says err '^warning: the target of 0.00012 % cannot be promised: 40 normal sequences that calibrate support one of 0.488 % or more; give more sequences (166667 support it), or raise --target-fpr$'
says tiny.json '"warnings":\["the target of 0.00012 % cannot'
expect 0 score --model tiny --input equal.txt --output /dev/null
says err '(expected of normal traffic: 0.00012 %)$'
expect 0 inspect tiny
says out 'edit tagger  *none: the model judges only (fit --no-repair)'
says out 'target fpr  *0.00012 % of normal'
expect 0 score --model equal --input equal.txt
says err ': 0 abnormal'
expect 0 score --model equal --input equal.txt --drift --output /dev/null
says err 'none too many'
says_not err 'drift: the input looks'
yes 'cart cart view' | head -n 40 >other.txt
expect 0 score --model equal --input other.txt --drift --output /dev/null
says err 'warning: drift: the input looks more abnormal'
expect 0 recalibrate --model equal --input equal.txt --output equal-again
says_not err 'has learned from'

# A model that has learned enough to repair something.
expect 0 fit --input past/clean.csv --output repairer --epochs 40 --target-fpr 0.1 --quiet

# --- devices that are full: exit code 1, and which -----------------------------------------------------------------------------
if [ -e /dev/full ]; then
    full() { # WHERE ARGUMENTS...
        where=$1
        shift
        "$program" "$@" --quiet >/dev/full 2>err </dev/null
        got=$?
        [ "$got" -eq 1 ] || complain "exit code $got with a full device: seqguard $*"
        one_line err
        says err "^seqguard: $where: cannot be written: "
    }
    full stdout score --model model --input few.csv
    full stdout score --model model --input few.csv --output some.jsonl --json -
    full stdout repair --model repairer --input few.csv
    full stdout repair --model repairer --input shop/events.csv --max-false-edits 0.2 --output some.csv --edits -
    full stdout evaluate --model model --normal few.csv --abnormal few.csv --json -
    full stdout fit --input past/clean.csv --output other_model --epochs 1 --no-repair --json -
    full stdout inspect model
    full /dev/full score --model model --input few.csv --output /dev/full
    full /dev/full repair --model repairer --input shop/events.csv --max-false-edits 0.2 --output some.csv --edits /dev/full
    full /dev/full fit --input past/clean.csv --output other_model --epochs 1 --no-repair --json /dev/full
fi
# With stdout and stderr closed nothing of what they would have got lands in a file.
"$program" score --model model --input shop/events.csv --output closed.jsonl --top 2 <&- >&- 2>&-
[ $? -eq 0 ] || complain "score needs its standard streams"
same closed.jsonl scores.jsonl
"$program" score --model model --input few.csv --output closed.jsonl --json - >&- 2>err
[ $? -eq 1 ] || complain "a closed stdout takes a summary"
says err '^seqguard: stdout: cannot be written: '
grep -q sequences closed.jsonl && complain "the summary for a closed stdout is in the scores"

# --- evaluate: three forms --------------------------------------------------------------------------------------------------
expect 0 evaluate --model model --input shop/events.csv --labels shop/labels.csv --clean shop/clean.csv --json figures.json
says err 'AUROC'
says err 'clean twins'
says figures.json '"sequences":{"kind":"all","normal":[0-9]*,"abnormal":[0-9]*,'
says figures.json '"repairs":\[{"kind":"all",.*"net_reduction":[-0-9.e]*,"put_right":[0-9.e-]*,"edits":[0-9]*,'
says figures.json '"touched_share":[0-9.e-]*,"harm":[0-9]*,.*"clocks":[0-9]*,"clocks_right":[0-9]*}'
says err 'damaged  *errors  *net  *put right'
says err 'net: of the edit distance of all damaged sequences from their twins, [0-9]*, [0-9]* is left'
says err 'undamaged sequences .* touched ('
says err 'wrong times  *near'
expect 1 evaluate --model model --input few.csv --labels shop/labels.csv
says err 'labels.csv:'
expect 0 evaluate --model model --normal past/clean.csv --abnormal shop/events.csv --json - --quiet
says out '"normal":60,"abnormal":60,'

# --- repair: untouched rows stay byte for byte; nothing else is left than what the edits say ------------------------------------
expect 0 repair --model repairer --input shop/events.csv --output repaired.csv --edits edits.jsonl --json repair.json --threads 2 --max-false-edits 0.2
empty out
says err 'of 60 sequences were edited: [0-9]* edits (events: '
number() { sed "s/.*\"$1\":\([0-9]*\).*/\1/" repair.json; }
[ "$(number edits)" -gt 0 ] || complain "no edit in 60 users of whom some are abnormal"
[ "$(wc -l <edits.jsonl)" -eq $(($(number edits) + $(number stretches_reported))) ] || complain "not a line for each edit: $(cat repair.json)"
says edits.jsonl '^{"key":"[^"]*","line":[0-9]*,"position":[0-9]*,"count":[0-9]*,"operation":"[a-z_]*","before":.*"score_after":[-0-9.e]*,"result":"edited","made":true}$'
# A row that is deleted, replaced or timed stands in the input alone, one that is replaced, timed or inserted in the output.
gone=$(diff shop/events.csv repaired.csv | grep -c '^<') come=$(diff shop/events.csv repaired.csv | grep -c '^>')
[ "$gone" -eq $(($(number events_deleted) + $(number events_replaced) + $(number times_set))) ] || complain "$gone rows are gone: $(cat repair.json)"
[ "$come" -eq $(($(number events_inserted) + $(number events_replaced) + $(number times_set))) ] || complain "$come new rows: $(cat repair.json)"
expect 0 inspect repaired.csv
# A dry run tells the same edits and writes nothing; where they go nowhere else, to stdout.
expect 0 repair --model repairer --input shop/events.csv --max-false-edits 0.2 --output plain.csv --quiet
expect 0 repair --model repairer --input packed.csv.gz --max-false-edits 0.2 --output again.csv.gz --quiet
gzip -dc again.csv.gz >again.csv
same again.csv plain.csv
expect 0 repair --model repairer --input events.jsonl --max-false-edits 0.2 --output repaired.jsonl --quiet
! cmp -s events.jsonl repaired.jsonl || complain "nothing was repaired in events.jsonl"
[ "$(wc -l <repaired.jsonl)" -eq "$(($(wc -l <plain.csv) - 1))" ] || complain "the repair of JSON lines is not that of the table"
says_not repaired.jsonl '"price":"'
"$program" inspect repaired.jsonl --quiet >out 2>err || complain "the repaired JSON lines cannot be read"
expect 0 repair --model repairer --input shop/events.csv --max-false-edits 0.2 --dry-run
same out edits.jsonl
says err 'nothing was written (--dry-run)'
expect 0 repair --model repairer --input shop/events.csv --max-false-edits 0.2 --dry-run --edits dry.jsonl --quiet
same dry.jsonl edits.jsonl
empty out
# A promise that the held-out normals cannot support: nothing is touched, and it is said why.
expect 0 repair --model repairer --input past/clean.csv --output same.csv --max-false-edits 0.0001 --json repair.json
same past/clean.csv same.csv
says err '^warning: nothing was edited: .*0.01 % of normal sequences .*--max-false-edits.* takes 9,999 held-out normals, the model has [0-9]*; '
says repair.json '"no_gate":60,"edits":0,'
expect 0 repair --model repairer --input shop/events.csv --output few.out --max-false-edits 0.2 --only-abnormal --json repair.json
[ "$(number judged_normal)" -gt 0 ] || complain "--only-abnormal leaves none alone: $(cat repair.json)"
expect 0 repair --model repairer --input shop/events.csv --output few.out --max-false-edits 0.2 --report-stretches --edits few.jsonl --quiet
! grep -q '"count":\([7-9]\|[1-9][0-9]\),"operation":"delete".*"made":true' few.jsonl || complain "--report-stretches deletes a stretch"
# A model that has not learned to repair is refused, before anything is written.
for command in "repair --output refused.csv" "evaluate --labels shop/labels.csv --clean shop/clean.csv"; do
    # shellcheck disable=SC2086 # arguments
    expect 1 $command --model equal --input shop/events.csv
    says err '^seqguard: equal: the model has not learned to repair: .*--no-repair'
done
[ ! -e refused.csv ] || complain "an output without a repair"
# Questions need somebody who answers.
expect 1 repair --model repairer --input shop/events.csv --output asked.csv --interactive
says err 'interactive: stdin, where it reads the answers, is no terminal'
[ ! -e asked.csv ] || complain "an output without answers"

# --- repair: columns that follow from the replaced one follow it ------------------------------------------------------------------
awk 'BEGIN {
    print "user,event,kind,cost"
    for (user = 0; user < 120; user++) {
        key = "u" user ","
        print key "login,account,"
        for (round = 0; round <= user % 3; round++) {
            print key ((user + round) % 2 ? "search" : "list") ",browse,"
            print key "view,browse,\n" key "cart,order,1\n" key "pay,order,9.5"
        }
        print key "logout,account,"
    }
}' >visits.csv
awk '/^u7,pay/ && !done { print "u7,drop,browse,"; done = 1; next } { print }' visits.csv >damaged.csv
expect 0 fit --input visits.csv --columns event,kind,cost:numeric --output visits_model --epochs 100 --quiet
expect 0 inspect visits_model
says out 'column kind  *categorical, .*, follows from 7 judged values'
says out 'column cost  *numeric, follows from 7 judged values'
expect 0 repair --model visits_model --input damaged.csv --output repaired.csv --edits edits.jsonl --quiet
says edits.jsonl '"before":"drop","after":"pay",.*"followed":{"kind":"order","cost":"9.5"},'
same visits.csv repaired.csv

# --- lines: the other format, with odd blanks and line ends ----------------------------------------------------------------------
i=0
while [ $i -lt 40 ]; do
    printf 'a b c d e\nb c d e\n'
    i=$((i + 1))
done >lines.txt
expect 0 fit --input lines.txt --output lines_model --epochs 1 --quiet
empty err
printf 'a  b\tc d e \r\n\na b c d\n' >odd.txt
expect 0 repair --model lines_model --input odd.txt --max-false-edits 0.0001 --quiet
printf 'a  b\tc d e \r\na b c d\n' >without_blank_lines.txt
cmp -s out odd.txt || same out without_blank_lines.txt

# --- interrupted: the old model stays, nothing is left over ------------------------------------------------------------------------
cp -r lines_model before
"$program" fit --input past/clean.csv --output lines_model --epochs 1000 --quiet 2>err &
fit=$!
sleep 0.5
kill -INT $fit 2>/dev/null # a background job of sh ignores SIGINT unless the program handles it
wait $fit
[ $? -gt 0 ] || complain "an interrupted fit succeeds"
diff -r before lines_model >/dev/null || complain "an interrupted fit changed the model"
says err 'resume'
finish
