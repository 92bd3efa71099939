#!/bin/sh
# split.sh PROGRAM: parts of a data file and of its labels - nothing is lost, shared or changed.
# shellcheck source=/dev/null
. "$(dirname "$0")/checks.sh"

expect 0 simulate --users 200 --seed 3 --output shop
sum() { cat "$@" | grep -v '^user_id\|^user,' | sort; }

# By user: both parts together are the input, the kinds are dealt out, and what has labels keeps them.
expect 0 split --input shop/events.csv --labels shop/labels.csv --test .25 --output parts --json split.json
says err '^ *train  *150  '
says err '^ *test  *50  '
says split.json '"by":"user","from":\[\],"parts":\[{"name":"train","sequences":150,'
says split.json '"events_in_no_part":0,"rejected_rows":0,"findings":\[\]}'
[ "$(head -n 1 parts/test.csv)" = "$(head -n 1 shop/events.csv)" ] || complain "the header is not that of the input"
sum parts/train.csv parts/test.csv >got && sum shop/events.csv >wanted && same got wanted
sum parts/train_labels.csv parts/test_labels.csv >got && sum shop/labels.csv >wanted && same got wanted
expect 0 evaluate --folds 2 --epochs 1 --input parts/test.csv --labels parts/test_labels.csv

# The same seed gives the same bytes; a folder with files in it is nobody's to replace.
expect 0 split --input shop/events.csv --labels shop/labels.csv --test .25 --output again
same parts/test.csv again/test.csv
expect 1 split --input parts/train.csv --output parts
says err 'a new or an empty folder'
same parts/test.csv again/test.csv
rm -r parts
expect 0 split --input shop/events.csv --folds 3 --output parts
sum parts/fold-1/test.csv parts/fold-2/test.csv parts/fold-3/test.csv >got && sum shop/events.csv >wanted
same got wanted
sum parts/fold-2/train.csv parts/fold-2/test.csv >got && same got wanted

# By time the parts follow each other; --at says where. Packed input gives packed parts.
expect 0 split --input shop/events.csv --by time --valid .1 --test .2 --output timed
says err '^test begins at 20..-..-..T'
sum timed/train.csv timed/valid.csv timed/test.csv >got && same got wanted
gzip -k shop/events.csv
expect 0 split --input shop/events.csv.gz --by user-time --output both
says err 'events in no part'
gzip -t both/test.csv.gz || complain "not packed as the input"

# Without a key a label names a line, and without an order the place of an event: both are those of the part.
seq 1 40 | awk '{ print "a" $1, "b" $1 }' >lines.txt
{ echo line,kind; echo 7,odd; echo 40,odd; } >lines.csv
expect 0 split --input lines.txt --labels lines.csv --test .5 --output lines
for part in train test; do
    number=$(sed -n '2s/,.*//p' "lines/${part}_labels.csv")
    [ "$(sed -n "${number}p" "lines/$part.txt")" = "a7 b7" ] || [ "$(sed -n "${number}p" "lines/$part.txt")" = "a40 b40" ] ||
        complain "label of line $number of lines/$part.txt"
done
{ echo user,time,event; for i in 0 1 2 3 4 5; do echo "u1,170000000$i,e$i"; echo "u2,170000000$i,e$i"; done; } >timed.csv
{ echo user,position,kind; echo u1,5,odd; } >timed_labels.csv
expect 0 split --input timed.csv --labels timed_labels.csv --by time --at 2023-11-14T22:13:23Z --output cut
says cut/test_labels.csv '^u1,2,odd$'
one_line cut/train_labels.csv

# Lists under a header without a key: a label names a line of the file, header included.
{ printf 'items:token_seq\n'; seq 1 20 | awk '{ print "a" $1, "b" }'; } >lists.inter
{ echo line,kind; for i in 2 5 9 21; do echo "$i,odd"; done; } >lists.csv
expect 0 split --input lists.inter --columns items --labels lists.csv --test .5 --output lists
for part in train test; do
    sed -n '2,$s/,odd//p' "lists/${part}_labels.csv" >numbers
    while read -r number; do sed -n "${number}p" "lists/$part.inter"; done <numbers
done | sort >got
printf 'a1 b\na20 b\na4 b\na8 b\n' >wanted
same got wanted

# What cannot be done is refused before anything is written.
expect 2 split --input shop/events.csv --folds 3 --by time --output no
says err 'split: --folds deals out users'
expect 2 split --input lines.txt --by time --output no
says err 'a line is a whole sequence: use --by user'
expect 2 split --input shop/events.csv --by time --at noon --output no
says err 'expected a time'
expect 2 split --input shop/events.csv --test .6 --valid .5 --output no
expect 2 split --input shop/events.csv --by time --at 2024-04-01 --test .5 --output no
expect 2 split --input shop/events.csv --test 0 --output no
expect 1 split --input timed.csv --output no --test .01
says err 'part 2 of 2 would have no event'
expect 1 split --input shop/events.csv --labels lines.csv --output no
says err 'columns of the labels'
[ ! -e no ] || complain "a folder after a refusal"

finish
