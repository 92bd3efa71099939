#!/bin/sh
# reading.sh PROGRAM: how times and missing values are read is chosen once, kept by the model, and reaches every command
# that reads under it; several files are one input.
# shellcheck source=/dev/null
. "$(dirname "$0")/checks.sh"

# visits FIRST COUNT FORM: COUNT sessions from number FIRST on, of 3 to 11 January 2024, with times in one of three forms.
visits() {
    awk -v first="$1" -v count="$2" -v form="$3" -v start=1704276000 'BEGIN {
        print "session,account,time,event,device"
        split("login search view cart pay logout", words, " ")
        for (u = first; u < first + count; u++)
            for (i = 1; i <= 6; i++) {
                t = start + 86400 * (u % 9) + 60 * i * (1 + u % 3)
                if (form == "dmy") text = sprintf("%02d/01/2024 %02d:%02d", 3 + u % 9, int(t / 3600) % 24, int(t / 60) % 60)
                if (form == "iso") text = sprintf("2024-01-%02d %02d:%02d", 3 + u % 9, int(t / 3600) % 24, int(t / 60) % 60)
                if (form == "dot") text = sprintf("%d.1.24 um %02d.%02d", 3 + u % 9, int(t / 3600) % 24, int(t / 60) % 60)
                printf "s%d,a%d,%s,%s,%s\n", u, u % 6, text, words[i], u % 4 == 0 ? "n/k" : "app"
            }
    }'
}
visits 0 60 iso >iso.csv
visits 0 60 dmy >dmy.csv
visits 0 60 dot >dot.csv
fit="--profile-key account --epochs 1 --no-repair"

# --- a choice is said once and kept ---------------------------------------------------------------------------------------------
# shellcheck disable=SC2086 # several flags
expect 0 fit --input iso.csv --missing n/k $fit --output iso --quiet
# shellcheck disable=SC2086 # several flags
expect 0 fit --input dmy.csv --missing n/k $fit --output dmy
[ "$(grep -c '^warning: dmy.csv: column "time": dates are read with the day first, .*--date-order mdy' err)" -eq 1 ] ||
    complain "the order of day and month is not said once: $(cat err)"
says err '^read as: dates day first, missing values "n/k"$'
says dmy/event_schema.json '"date_order": "day_first"'
says dmy/event_schema.json '"missing"'
says_not iso/event_schema.json 'date_order'
# shellcheck disable=SC2086 # several flags
expect 0 fit --input dot.csv --missing n/k --time-format '%d.%m.%y um %H.%M' $fit --output dot
says err '^read as: time format %d.%m.%y um %H.%M, missing values "n/k"$'
says dot/event_schema.json '"format": "%d.%m.%y um %H.%M"'
expect 0 inspect dot
says out '^ *time *time, as %d.%m.%y um %H.%M$'
says out '^ *missing values *"n/k"$'
expect 0 inspect dmy
says out '^ *time *time, in ms, dates with the day first$'

# --- and reaches whatever reads under it: the same times give the same bits -----------------------------------------------------
visits 60 48 iso >new-iso.csv
visits 60 48 dmy >new-dmy.csv
visits 60 48 dot >new-dot.csv
awk 'BEGIN { print "session,kind"; for (u = 61; u < 108; u += 2) print "s" u ",fraud" }' >labels.csv
for form in iso dmy dot; do
    expect 0 score --model $form --input new-$form.csv --output $form.jsonl
    says_not err "^warning"
    expect 0 evaluate --model $form --input new-$form.csv --labels labels.csv --json $form-evaluate.json --quiet
    says_not err 'bad row'
    expect 0 recalibrate --model $form --input new-$form.csv --output $form-recalibrated --quiet
    says_not err 'bad row'
    cp -r $form $form-profiles
    expect 0 profiles --model $form-profiles --input new-$form.csv
    says err '^added 48 sequences'
    expect 0 inspect new-$form.csv --model $form
    says_not err 'bad row'
done
same iso.jsonl dmy.jsonl
same iso.jsonl dot.jsonl
for form in dmy dot; do
    expect 0 score --model $form-profiles --input new-$form.csv --output $form-after.jsonl --quiet
done
same dmy-after.jsonl dot-after.jsonl
says dmy-recalibrated/event_schema.json '"date_order": "day_first"'
says dot-recalibrated/event_schema.json '"format"'
# A file in another form than that of the fit says so; without that its rows are bad.
expect 0 score --model dot --input new-iso.csv --time-format '%Y-%m-%d %H:%M' --output other.jsonl
same iso.jsonl other.jsonl
expect 0 score --model iso --input new-dmy.csv --date-order dmy --output other.jsonl
same iso.jsonl other.jsonl
expect 1 score --model dot --input new-iso.csv
says err '^new-iso.csv:2: column "time": not a time as %d.%m.%y um %H.%M: "2024-01-'
expect 1 score --model iso --input new-dmy.csv
says err '^new-dmy.csv:2: column "time": not a time (--date-order dmy or mdy says whether the day comes first): '
expect 2 fit --input iso.csv --time-format '%H:%M' --output none
says err '^seqguard: --time-format: it names no day'
expect 2 fit --input iso.csv --time-format '%F' --date-order dmy --output none
expect 2 fit --input iso.csv --date-order ymd --output none
[ ! -e none ] || complain "a refused fit has written"

expect 0 inspect dmy.csv --missing n/k --html page.html --quiet
says page.html 'How the file was read.*dates: day first.*missing values: &quot;n/k&quot;'

# --- a repair and labels of a column --------------------------------------------------------------------------------------------
expect 0 fit --input dot.csv --key session --time-format '%d.%m.%y um %H.%M' --epochs 1 --output repairs --quiet
expect 0 repair --model repairs --input new-dot.csv --output repaired.csv --max-false-edits 0.5 --quiet
expect 0 inspect repaired.csv --model repairs --strict
awk -F, 'NR == 1 { print $0 ",label" } NR > 1 { print $0 "," (substr($1, 2) % 2 ? "fraud" : "normal") }' new-dot.csv >labelled.csv
expect 0 fine-tune --model dot --input labelled.csv --label-column label --folds 2 --epochs 1 --output tuned
says err '^labels of sequences: 24 normal, 24 fraud'
says tuned/event_schema.json '"format"'
awk 'BEGIN { print "session,kind"; for (u = 1; u < 40; u += 2) print "s" u ",fraud" }' >some.csv
expect 0 evaluate --folds 2 --input dmy.csv --labels some.csv --epochs 1 --quiet

# --- several files are one input ------------------------------------------------------------------------------------------------
mkdir logs
head -n 181 dmy.csv >logs/a.csv
{ head -n 1 dmy.csv && tail -n +182 dmy.csv; } | gzip >logs/b.csv.gz
# shellcheck disable=SC2086 # several flags
expect 0 fit --input 'logs/*' --missing n/k $fit --output both
says err '^read logs/a.csv and 1 more file: 60 sequences, 360 events$'
says err '^read as: files 2, dates day first, '
same both/event_schema.json dmy/event_schema.json
head -n 10 new-dmy.csv >logs/a.csv
{ head -n 1 dmy.csv && tail -n +11 new-dmy.csv; } | gzip >logs/b.csv.gz
expect 0 score --model dmy --input logs/b.csv.gz --input logs/a.csv --output both.jsonl --top 2
says both.jsonl '"key":"s60","file":"logs/a.csv","line":2,'
says both.jsonl '"key":"s61","file":"logs/a.csv","line":8,'
says both.jsonl '"key":"s62","file":"logs/b.csv.gz","line":5,'
says err 'row logs/[ab]'
sed 's/"file":"[^"]*","line":[0-9]*,//' both.jsonl >both-plain.jsonl
sed 's/"line":[0-9]*,//' dmy.jsonl >plain.jsonl
same both-plain.jsonl plain.jsonl
expect 0 evaluate --model dmy --input 'logs/*' --labels labels.csv --json both.json --quiet
expect 0 inspect logs/a.csv logs/b.csv.gz --json facts.json
says out '^ *files *2$'
expect 2 repair --model repairs --input 'logs/*' --output repaired.csv
says err '^seqguard: repair: several files are not written back as one; repair them one by one'
expect 0 repair --model repairs --date-order dmy --input 'logs/*' --dry-run --edits edits.jsonl --quiet
printf 'session,account,time,event\nx,y,03/01/2024 10:00,login\n' >logs/c.csv
expect 1 score --model dmy --input 'logs/*'
says err '^seqguard: logs/c.csv: no column "device", which logs/a.csv has'
expect 1 score --model dmy --input 'logs/*.parquet'
says err '^seqguard: logs/\*.parquet: no file matches the pattern$'
expect 2 score --model dmy --input logs/a.csv --input logs/a.csv
says err 'logs/a.csv: the file is named twice'
expect 2 score --model dmy --input logs/a.csv --input -
says err 'stdin beside files'

# --- lists in a row are a sequence ----------------------------------------------------------------------------------------------
awk 'BEGIN { print "session_id:token\titems:token_seq\ttimes:float_seq"
    for (u = 0; u < 60; u++) printf "s%d\tlogin search view cart pay\t%d %d %d %d %d\n", u, 100 * u, 100 * u + 9, 100 * u + 20, 100 * u + 31, 100 * u + 40 }' >lists.inter
expect 1 fit --input lists.inter --output lists --epochs 1
says err '--columns items reads its lists as sequences$'
expect 0 fit --input lists.inter --columns items --time times --output lists --epochs 1 --no-repair
says err '^columns: items (judged), gaps of times; key session_id$'
expect 0 score --model lists --input lists.inter
[ "$(wc -l <out)" -eq 60 ] || complain "$(wc -l <out) lines for 60 lists"
says out '"key":"s7","line":9,"n_events":5,'
expect 0 split --input lists.inter --columns items --output parts --quiet
[ "$(cat parts/train.inter parts/test.inter | wc -l)" -eq 62 ] || complain "split does not keep the rows of lists"

# --- cleaning ------------------------------------------------------------------------------------------------------------------
# Said, counted, and done to what is judged as to what was learned from.
awk 'BEGIN {
    srand(3)
    print "user,time,event"
    for (i = 0; i < 300; i++) for (k = 0; k < 8; k++) {
        row = sprintf("u%d,%.0f,%s", i, 1700000000000 + i * 1000000 + k * 60000, rand() < .5 ? "read" : "write")
        print row
        if (i % 10 == 0 && k == 3) print row
    }
}' >doubled.csv
expect 0 inspect doubled.csv --cleaning report
says err '30 of 2430 events equal the one before them .*: would be named by --cleaning (duplicates)$'
expect 0 fit --input doubled.csv --cleaning duplicates --epochs 1 --no-repair --output cleaned --json fit.json
says err '30 of 2430 events equal the one before them .*: left out (duplicates)$'
says fit.json '"kind":"cleaned"'
says cleaned/event_schema.json '"cleaning": *"duplicates"'
expect 0 score --model cleaned --input doubled.csv --output scores.jsonl --json score.json
says score.json '"kind":"cleaned"'
says_not scores.jsonl '"n_events":9'
# Nothing that is to be written back is left out, and places that count rows are no labels of cleaned data.
expect 0 fit --input doubled.csv --cleaning duplicates,min-events=8 --epochs 1 --output repairing
head -n 6 doubled.csv >short.csv
expect 0 repair --model repairing --input short.csv --output repaired.csv --max-false-edits .0001
says err '^warning: the model was fitted with --cleaning duplicates,min-events=8; a repair leaves out no row'
same short.csv repaired.csv
{ echo user,position,kind; echo u0,5,odd; } >places.csv
expect 1 evaluate --model cleaned --input doubled.csv --labels places.csv
says err 'cleaning may have left some out'
{ echo user,kind; for i in 1 2 3 4; do echo "u$i,odd"; done; } >odd.csv
expect 0 evaluate --folds 2 --epochs 1 --input doubled.csv --labels odd.csv --json whole.json
expect 0 evaluate --folds 2 --epochs 1 --input doubled.csv --labels odd.csv --cleaning max-events=8 --json cut.json
! cmp -s whole.json cut.json || complain "--cleaning changes nothing in the folds"
printf 'user,time,event\nu1,x,a\n' >allbad.csv
expect 1 score --model cleaned --input allbad.csv
says err 'bad rows only'
expect 2 fit --input doubled.csv --cleaning scrub --output no
says err '^seqguard: --cleaning: unknown rule'
expect 2 fit --input doubled.csv --cleaning outliers=clip --output no
says err 'outliers: there is no column of numbers'

finish
