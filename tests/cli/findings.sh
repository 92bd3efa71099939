#!/bin/sh
# findings.sh PROGRAM: order and units. What is odd about a file as a whole is named once, and --strict refuses what is
# most likely not what it is taken for.
# shellcheck source=/dev/null
. "$(dirname "$0")/checks.sh"

# warned FILE PATTERN: one line of warning says so.
warned() { [ "$(grep -c "^warning: $2" "$1")" -eq 1 ] || complain "not one warning \"$2\" in $1: $(head -n 5 "$1")"; }
# no_finding FILE: no warning about data; a fit may have its own about the model.
no_finding() { grep -q '^warning: [a-z]*\.csv' "$1" && complain "a finding in $1: $(head -n 5 "$1")"; }

# visits NAME [VARIABLE=VALUE..]: a file of visitors; times in ms are divided by `unit`, prices multiplied by `factor`.
visits() {
    name=$1
    shift
    awk -v unit=1 -v factor=1 -v prefix= -v no_price=0 -v reverse=0 "$@" 'BEGIN {
        print "user,time,event,price"
        split("login search view cart pay logout", words, " ")
        for (user = 0; user < 60; user++) {
            start = 1700000000000 + 3600000 * user
            rows = ""
            for (i = 1; i <= 6; i++) {
                price = no_price ? "" : factor * (1 + (user * i) % 40)
                row = sprintf("u%d,%.0f,%s%s,%s\n", user, (start + 5000 * i * (1 + user % 3)) / unit, prefix, words[i], price)
                rows = reverse && user % 2 ? row rows : rows row
            }
            printf "%s", rows
        }
    }' >"$name"
}
visits past.csv
columns=event,price:numeric
expect 0 fit --input past.csv --columns $columns --output model --epochs 1 --quiet
no_finding err
says model/event_schema.json '"seen"'
expect 0 score --model model --input past.csv --quiet --json summary.json
empty err
says summary.json '"findings":\[\]'

# --- another unit, another scale, a column that is missing, another vocabulary ----------------------------------------------------
# unlike FILE COLUMN PATTERN: a warning of each command that judges, and refused if strict.
unlike() {
    for command in score "repair --max-false-edits 0.1"; do
        # shellcheck disable=SC2086 # a command and its flag
        expect 0 $command --model model --input "$1" --output "out.${command%% *}" --quiet --json summary.json
        warned err "$1: column \"$2\": $3"
        [ "$(wc -l <err)" -eq 1 ] || complain "$1: more than one warning"
        says summary.json '"findings":\[{"kind":"[a-z_]*","column":"'"$2"'","line":0,"share":[0-9.]*,"message":"'"$1"
        # shellcheck disable=SC2086 # a command and its flag
        expect 1 $command --model model --input "$1" --output strict.out --strict
        says err "$1: column \"$2\": $3.*refused (--strict)\$"
        one_line err
        [ ! -e strict.out ] || complain "$command --strict writes what it refuses"
    done
    # Abnormal ones may be unlike.
    expect 0 evaluate --model model --normal past.csv --abnormal "$1" --strict --quiet --json summary.json
    warned err "$1: column \"$2\": $3"
    says summary.json '"findings":\[{"kind":"[a-z_]*","column":"'"$2"'","line":0,"share":[0-9.]*,"message":"'"$1"
    expect 1 evaluate --model model --normal "$1" --abnormal past.csv --strict --quiet
}
visits seconds.csv -v unit=1000
unlike seconds.csv time '100 % of 360 times look like s, but the model takes plain numbers as ms'
# Too large to be times in the unit of the fit at all: one finding, no bad rows.
visits nanoseconds.csv -v unit=0.000001
nanoseconds='nanoseconds.csv:2: column "time": 360 of 360 times look like ns, too large for plain numbers as ms, .*--strict'
expect 0 score --model model --input nanoseconds.csv --quiet --json summary.json
one_line err
warned err "$nanoseconds"
says summary.json '"rejected_rows":0,"findings":\[{"kind":"time_unit","column":"time","line":2,"share":1,'
expect 1 score --model model --input nanoseconds.csv --quiet --strict
says err "$nanoseconds.*refused (--strict)"
visits cents.csv -v factor=100
unlike cents.csv price 'the values are about 100 times as large as'
visits thousandths.csv -v factor=0.001
unlike thousandths.csv price 'the values are about 1000 times smaller than'
visits zero.csv -v factor=0
visits free.csv -v no_price=1
unlike free.csv price 'missing in 100 % of 360 events'
visits other.csv -v prefix=shop2:
unlike other.csv event '100 % of 360 values are unknown to the model'
expect 0 fit --input zero.csv --columns $columns --output zero_model --epochs 1 --no-repair --quiet
expect 0 score --model zero_model --input past.csv --quiet
warned err 'past.csv: column "price": 100 % of 360 values are not 0, but all those that the model was fitted on are'
expect 0 score --model zero_model --input zero.csv --quiet --strict
# The reverse of a missing column is harmless.
expect 0 fit --input free.csv --columns $columns --output free_model --epochs 1 --no-repair --quiet
expect 0 score --model free_model --input past.csv --quiet --strict
empty err

# --- rows that run backwards where nothing orders them -----------------------------------------------------------------------------
visits backwards.csv -v reverse=1
backwards='backwards.csv:9: column "time": 150 of 360 rows are earlier than the row before them of the same user, in 30 of 60 keys'
expect 0 fit --input backwards.csv --columns $columns --output backwards_model --epochs 1 --no-repair --quiet --json summary.json
says summary.json '"findings":\[{"kind":"rows_run_backwards","column":"time","line":9,"share":0.41'
warned err "$backwards .*no order column.*order of the rows.*--order time sorts them"
expect 0 score --model model --input backwards.csv --quiet --strict # an order is not wrong because it is not that of the times
warned err "$backwards"
expect 0 inspect backwards.csv --columns $columns
warned err "$backwards"
says out 'backwards  *150 events'
expect 0 fit --input backwards.csv --columns $columns --order time --output sorted_model --epochs 1 --no-repair --quiet
no_finding err
expect 0 score --model sorted_model --input backwards.csv --quiet
empty err
mv out sorted
expect 0 score --model sorted_model --input past.csv --quiet
sed 's/"line":[0-9]*,//' out >past_scores
sed 's/"line":[0-9]*,//' sorted | cmp -s - past_scores || complain "sorting by time does not give the same scores"

# --- rows that mix units, forms and zones --------------------------------------------------------------------------------------------
sed '5s/,\(1[0-9]*\)000,/,\1,/; 9s/,\(1[0-9]*\)000,/,\1,/' past.csv >mixed.csv
mixed='mixed.csv:5: column "time": 2 of 360 times look like s, but all are taken as ms (lines 5, 9)'
expect 0 fit --input mixed.csv --columns $columns --order time --output mixed_model --epochs 1 --no-repair --quiet
warned err "$mixed"
expect 1 fit --input mixed.csv --columns $columns --order time --output mixed_model --epochs 1 --no-repair --quiet --strict
says err "$mixed.*refused (--strict)"
expect 0 score --model sorted_model --input mixed.csv --quiet
warned err "$mixed"
expect 1 score --model sorted_model --input mixed.csv --quiet --strict
sed 's/,1[0-9]*,/,2024-05-01T00:00:00.5Z,/; 7s/Z,/,/; 8s/,2024[^,]*,/,1714521600500,/' past.csv >forms.csv
expect 0 score --model model --input forms.csv --quiet
warned err 'forms.csv:8: column "time": 1 of 360 values are plain numbers, the others dates (line 8); the numbers are taken as ms'
warned err 'forms.csv:7: column "time": 1 of 359 dates name no time zone, the others do (line 7); they are taken as UTC'

# --- finer than a millisecond ---------------------------------------------------------------------------------------------------------
awk -F, 'NR > 1 { $2 = sprintf("2024-05-01T00:00:00.%06d", NR * 7 % 1000) } { print $1 "," $2 "," $3 "," $4 }' past.csv >fine.csv
expect 0 fit --input fine.csv --columns $columns --order time --output fine_model --epochs 1 --no-repair --quiet
warned err 'fine.csv:[0-9]*: column "time": [0-9]* of 300 gaps are shorter than a millisecond'
expect 0 score --model sorted_model --input fine.csv --quiet
warned err 'fine.csv:[0-9]*: column "time": [0-9]* of 300 gaps are shorter than a millisecond'
warned err 'fine.csv: column "time": the gaps in ms are about [0-9.e+]* times smaller than'

# --- long integers order events --------------------------------------------------------------------------------------------------------
# numbered NAME PREFIX DIGIT..: events of 20 users, in the order of the digits that end their order keys.
numbered() {
    name=$1
    prefix=$2
    shift 2
    {
        echo user,seq,event
        for user in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
            for key in "$@"; do echo "u$user,$prefix$key,e$key"; done
        done
    } >"$name"
}
numbered ordered.csv 139600000000000000 1 2 3
expect 0 fit --input ordered.csv --output ordered_model --epochs 1 --no-repair --quiet
expect 0 score --model ordered_model --input ordered.csv --quiet
cut -d, -f3- out | sed 's/"line":[0-9]*,//' >in_order
for keys in '3 2 1' '2 1 3' '1 3 2'; do
    # shellcheck disable=SC2086
    numbered shuffled.csv 139600000000000000 $keys
    expect 0 score --model ordered_model --input shuffled.csv --quiet
    cut -d, -f3- out | sed 's/"line":[0-9]*,//' | cmp -s - in_order || complain "orders of 19 digits in the order $keys are not sorted"
done
finish
