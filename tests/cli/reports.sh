#!/bin/sh
# reports.sh PROGRAM: pages of HTML. One file each, with every figure, the numbers of --json, nothing from outside, and no
# value of the data that is more than text. tests/browser.sh opens them in a browser.
# shellcheck source=/dev/null
. "$(dirname "$0")/checks.sh"

"$program" simulate --users 60 --seed 1 --output past --quiet
"$program" simulate --users 60 --seed 2 --output shop --quiet
"$program" fit --input past/clean.csv --output model --epochs 3 --target-fpr 0.1 --quiet || complain "no model"

# is_page FILE FIGURE..: a complete page with these figures, below 2 MB, that loads and runs nothing.
is_page() {
    page=$1
    shift
    head -n 1 "$page" | grep -q '^<!DOCTYPE html>$' || complain "$page does not begin as a page"
    tail -n 1 "$page" | grep -q '</body></html>$' || complain "$page does not end as a page"
    [ "$(wc -c <"$page")" -lt 2000000 ] || complain "$page has $(wc -c <"$page") bytes"
    for figure in "$@"; do says "$page" "<figure id=\"$figure\""; done
    for outside in '<script' '<img' '<link' 'url(' '@import' 'http:' 'https:' '<[a-z]*\( [a-zA-Z-]*="[^"]*"\)* on[a-z]*=' 'nan' ' inf'; do
        says_not "$page" "$outside"
    done
    says "$page" 'default-src &#39;none&#39;'
}

# --- inspect --html -------------------------------------------------------------------------------------------------------
expect 0 inspect shop/events.csv --html page.html --json facts.json
says out 'repeated sequences'
empty err
is_page page.html lengths gaps activity rhythm values-event missing transitions novelty drift
says_not page.html 'id="map"'
says facts.json '"exploration":{"sequences":60,.*"transitions":{.*"novelty":\[.*"halves":{'
events=$(sed -n 's/.*"exploration":{"sequences":60,"events":\([0-9]*\),.*/\1/p' facts.json)
[ "$events" -gt 1000 ] || complain "no number of events: $events"
says page.html ">$(echo "$events" | sed 's/\(.*\)\(...\)$/\1,\2/')<"
expect 0 inspect shop/events.csv --html again.html --model model --json judged.json --threads 2 --quiet
is_page again.html lengths transitions scores p-values map
says again.html 'suspicious to the model'
says judged.json '"judged":{"model":"model","abnormal":[0-9]*,.*"judgements":{"scores":\['
expect 0 inspect shop/events.csv --html twice.html --model model --quiet
same again.html twice.html
"$program" inspect - --format csv --html - <shop/events.csv >out 2>err
head -n 1 out | grep -q '^<!DOCTYPE html>$' || complain "inspect --html - writes no page"
says_not out '^  sequences'

# Rows that cannot be read, and values that look like a page.
printf 'user,event\nu1,<script>alert(1)</script>\nu1,"</style><img src=x onerror=y>"\nu2,a,b\nu2,&amp;\n' >evil.csv
expect 3 inspect evil.csv --html evil.html
is_page evil.html lengths
says evil.html '&lt;script&gt;alert(1)&lt;/script&gt;'
says evil.html '&amp;amp;'
says evil.html 'evil.csv:4: '
printf 'a b c\n' >one.txt
expect 0 inspect one.txt --html one.html
is_page one.html lengths missing

# What does not go together, and a page that cannot be written.
expect 2 inspect model --html x.html
says err 'without effect on the directory of a model'
expect 2 inspect shop/events.csv --model model --key user
says err '--key: without effect with --model'
expect 2 inspect shop/events.csv --html - --json -
expect 1 inspect shop/events.csv --html nowhere/x.html
says err 'nowhere/x.html'
expect 1 inspect shop/events.csv --model shop --html x.html
[ ! -e x.html ] || complain "a page was written"

# --- evaluate --report, --compare, --folds ------------------------------------------------------------------------------------
expect 0 evaluate --model model --input shop/events.csv --labels shop/labels.csv --json plain.json --quiet
expect 0 score --model model --input shop/events.csv --output scores.jsonl --html worst.html --top 3 --quiet
is_page worst.html scores p-values
[ "$(grep -o 'class="card"' worst.html | wc -l)" -eq 3 ] || complain "not three cards"
same_scores() { sed 's/.*"key":"\([^"]*\)".*"score":\([-0-9.e]*\),.*/{"key":"\1","score":\2}/' scores.jsonl; }
same_scores >ours.jsonl
awk '{ sub(/"score":.*/, "\"score\":" (NR * 7 % 60) "}"); print }' ours.jsonl >noise.jsonl
expect 0 evaluate --model model --input shop/events.csv --labels shop/labels.csv --clean shop/clean.csv --report report.html \
    --max-false-edits 0.2 --json report.json --compare ours.jsonl --compare noise.jsonl
says err '^beside ours.jsonl: AUROC \(0.[0-9]*\) against \1 (DeLong: difference -*0.000 to 0.000, p 1.000)'
says err '^beside noise.jsonl: AUROC '
is_page report.html roc precision-recall scores calibration thresholds confusion kinds-table comparison-table repairs-table
says report.html 'id="missed-cards"'
says report.html 'wrong by the labels'
auroc=$(sed 's/.*"sequences":{[^}]*"auroc":\([0-9.]*\),.*/\1/' report.json)
says report.html ">$(printf '%.3f' "$auroc")<"
says report.json '"intervals_95":{"auroc":\[0.[0-9]*,[01][.0-9]*\],'
says report.json '"thresholds":\[{"name":"0.1 % false alarms",'
says report.json '"calibration":\[{"nominal":0.001,"observed":'
says report.json '"views":{"names":\['
says report.json '"comparisons":\[{"name":"ours.jsonl","auroc":{"ours":'
expect 0 evaluate --model model --input shop/events.csv --labels shop/labels.csv --clean shop/clean.csv --report again.html \
    --max-false-edits 0.2 --compare ours.jsonl --compare noise.jsonl --quiet --threads 2
same report.html again.html
head -n 20 ours.jsonl >few.jsonl
expect 1 evaluate --model model --input shop/events.csv --labels shop/labels.csv --compare few.jsonl
says err '^seqguard: few.jsonl: no score of key '
expect 0 evaluate --model model --normal past/clean.csv --abnormal shop/events.csv --report two.html --quiet
is_page two.html roc calibration confusion
expect 2 evaluate --model model --normal past/clean.csv --abnormal shop/events.csv --compare ours.jsonl
printf '{"score":%s,"label":%s}\n' 1 0 2 0 3 0 4 1 1.5 1 5 1 >made.jsonl
expect 0 evaluate --scores made.jsonl --report - --compare made.jsonl
head -n 1 out | grep -q '^<!DOCTYPE html>$' || complain "evaluate --report - writes no page"
says err '^beside made.jsonl: .*p 1.000'

expect 0 evaluate --folds 2 --epochs 1 --target-fpr 0.1 --input shop/events.csv --labels shop/labels.csv --report folds.html --json folds.json
says err '^fold 2 of 2: learns from 2[67] normal sequences, judges 30$'
says err '^folds: AUROC 0.[0-9]* +- 0.[0-9]*, AP '
is_page folds.html roc fold-table calibration
says folds.json '"folds":\[{"learned":2[67],"metrics":{"kind":"all",.*"spread":{"auroc":{"mean":0.[0-9]*,"sd":'
awk 'BEGIN { for (i = 0; i < 60; i++) print i % 10 == 0 ? "a a a a" : "a b c" (i % 3 ? " c" : "") }' >lines.txt
awk 'BEGIN { print "line,kind"; for (i = 0; i < 60; i += 10) print i + 1 ",odd" }' >odd.csv
expect 0 evaluate --folds 2 --epochs 1 --target-fpr 0.1 --input lines.txt --labels odd.csv --quiet --json folds.json
says folds.json '"sequences":{"kind":"all","normal":54,"abnormal":6,'
expect 2 evaluate --folds 1 --input lines.txt --labels odd.csv
expect 2 evaluate --folds 2 --model model --input lines.txt --labels odd.csv
expect 2 evaluate --folds 2 --input - --labels odd.csv
expect 2 evaluate --model model --input lines.txt --labels odd.csv --epochs 3
says err 'epochs requires --folds'
expect 1 evaluate --folds 7 --input lines.txt --labels odd.csv
says err '^seqguard: --folds: sequences of each group, expected 7 at least, found 54 normal, 6 abnormal$'

# Scores are told apart by their lines, wherever they stand; without names by their places, which must then be meant.
for n in 1 2 3 4 5 6; do echo "{\"line\":$n,\"score\":$n,\"label\":$((n / 4))}"; done >lined.jsonl
sort -r lined.jsonl >reversed.jsonl
expect 0 evaluate --scores lined.jsonl --compare reversed.jsonl
says err 'beside reversed.jsonl: AUROC 1.000 against 1.000'
sed 's/"line":[0-9]*,//' lined.jsonl >unnamed.jsonl
expect 1 evaluate --scores unnamed.jsonl --compare reversed.jsonl
says err 'reversed.jsonl:1: has a field "line", which the scores that it is compared with lack'
# What cannot be compared, or drawn, is named before the work, and nothing runs away.
expect 1 evaluate --scores lined.jsonl --compare nowhere.jsonl
says err 'nowhere.jsonl: --compare: no such file'
head -1 shop/labels.csv >none.csv
expect 1 evaluate --model model --input shop/events.csv --labels none.csv
says err 'none.csv: nothing to compare, expected normal and abnormal sequences'
printf '{"score":1e17,"label":0}\n{"score":100000000000000016,"label":1}\n' >huge.jsonl
expect 0 evaluate --scores huge.jsonl --report huge.html
printf '{"score":1e308,"label":0}\n{"score":1,"label":1}\n' >beyond.jsonl
expect 1 evaluate --scores beyond.jsonl
says err 'beyond.jsonl:1: .*between -1e300 and 1e300'
finish
