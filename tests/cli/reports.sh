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

finish
