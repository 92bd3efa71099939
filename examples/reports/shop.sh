#!/bin/sh
# Three pages of HTML from a made-up shop: `sh examples/reports/shop.sh PROGRAM FOLDER [USERS]`. PROGRAM is seqguard, e.g.
# build/release/seqguard; the pages are FOLDER/exploration.html, evaluation.html and abnormal.html. One file each: they
# load nothing and run nothing, so they can be mailed. With 1,500 users (the default) a minute on two cores.
set -eu
program=$(realpath "$1")
users=${3:-1500}
mkdir -p "$2"
cd "$2"

# Last month's normal traffic to learn from; this month's with one user in ten abnormal.
"$program" simulate --preset shop --users $((2 * users)) --seed 1 --output last_month --quiet
"$program" simulate --preset shop --users "$users" --seed 2 --output this_month --quiet
"$program" fit --input last_month/clean.csv --output model --epochs 8 --target-fpr 0.02 --threads 2 --quiet

# What is in the data, and how the model judges them. The numbers of each page are in its JSON as well.
"$program" inspect this_month/events.csv --model model --html exploration.html --json exploration.json --quiet >/dev/null
# How well that works, beside the truth and the sequences before they were damaged.
"$program" evaluate --model model --input this_month/events.csv --labels this_month/labels.csv \
    --clean this_month/clean.csv --report evaluation.html --json evaluation.json --quiet
# The most abnormal sequences alone: what one looks at in the morning.
"$program" score --model model --input this_month/events.csv --output scores.jsonl --html abnormal.html --quiet
ls -l ./*.html
