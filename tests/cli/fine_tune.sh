#!/bin/sh
# fine_tune.sh PROGRAM: labels on top of a fitted model: from a file, from a column, and what is wrong with them.
# shellcheck source=/dev/null
. "$(dirname "$0")/checks.sh"

"$program" simulate --users 60 --seed 1 --output past --quiet
"$program" simulate --users 120 --seed 2 --output shop --quiet
"$program" fit --input past/clean.csv --output model --epochs 2 --target-fpr 0.1 --quiet
quick="--members 1 --folds 2 --epochs 5 --hidden 8"

# --- labels of events become labels of their sequences; what the file does not name is normal -----------------------------------
expect 0 fine-tune --model model --input shop/events.csv --labels shop/labels.csv --unlabelled normal --output tuned --json tuned.json $quick
empty out
says err '^read shop/events.csv: 120 sequences'
says err '^labels: 108 normal, '
says err '^on labelled sequences that were not learned from: without labels AUROC .*; labels alone AUROC .*; together AUROC '
says err 'statistics of normal behaviour kept'
says tuned.json '^{"classes":{"normal":108,'
says tuned.json '"figures":{"without_labels":{"auroc":'
cmp model/model.safetensors tuned/model.safetensors || complain "fine-tune changed the encoder"
[ -s tuned/labels.safetensors ] || complain "fine-tune wrote no labels.safetensors"
expect 0 score --model tuned --input shop/events.csv --quiet
says out '"view":"[a-z:]*","probabilities":{"normal":[0-9.e-]*,'
expect 0 inspect tuned
says out 'learned labels  *normal, '
expect 0 repair --model tuned --input shop/events.csv --output repaired.csv --quiet
expect 0 recalibrate --model tuned --input past/events.csv --output moved --quiet
cmp tuned/labels.safetensors moved/labels.safetensors || complain "recalibrate changed the labels"

# --- the same at any number of threads, over a former fine-tuning, and in place --------------------------------------------------
expect 0 fine-tune --model tuned --input shop/events.csv --labels shop/labels.csv --unlabelled normal --output tuned --threads 2 --quiet $quick
empty err
"$program" fine-tune --model model --input shop/events.csv --labels shop/labels.csv --unlabelled normal --output again --quiet $quick
cmp tuned/labels.safetensors again/labels.safetensors || complain "labels learned twice differ"
cmp tuned/detector.json again/detector.json || complain "the decision made twice differs"

# --- a column of the input, two classes, focal loss, the best F1 -------------------------------------------------------------------
awk -F, 'NR == FNR { if (FNR > 1) bad[$1] = $3; next } { print $0 "," (FNR == 1 ? "verdict" : ($1 in bad ? bad[$1] : "fine")) }' \
    shop/labels.csv shop/events.csv >verdicts.csv
expect 0 fine-tune --model model --input verdicts.csv --label-column verdict --normal-label fine --binary --loss focal --threshold best-f1 --output two $quick
says err '^labels: 108 fine, 12 abnormal$'
expect 0 score --model two --input shop/events.csv --quiet
says out '"probabilities":{"fine":[0-9.e-]*,"abnormal":[0-9.e-]*}'

expect 0 fine-tune --model model --input shop/events.csv --labels shop/labels.csv --unlabelled normal --binary --class-weights balanced --output two --quiet $quick

# --- what is wrong is named --------------------------------------------------------------------------------------------------------
expect 2 fine-tune --model model --input shop/events.csv --output x
says err 'labels FILE, or --label-column NAME'
expect 2 fine-tune --model model --input - --label-column verdict --output x
says err 'stdin'
expect 1 fine-tune --model model --input shop/events.csv --labels shop/labels.csv --output x
says err 'labels.csv: no label says that something is normal .*--unlabelled'
printf 'user,label\nu99999,fraud\n' >unknown.csv
expect 1 fine-tune --model model --input shop/events.csv --labels unknown.csv --unlabelled normal --output x
says err '^seqguard: unknown.csv:2: the data have no sequence "u99999"'
printf 'user,label\n' >none.csv
expect 1 fine-tune --model model --input shop/events.csv --labels none.csv --unlabelled normal --output x
says err 'one class only'
head -n 1 shop/labels.csv >few.csv
sed -n 2p shop/labels.csv >>few.csv
expect 1 fine-tune --model model --input shop/events.csv --labels few.csv --unlabelled normal --output x
says err 'sequences labelled abnormal, expected at least 2, found 1'
expect 2 fine-tune --model model --input shop/events.csv --labels shop/labels.csv --output x --folds 1
says err 'folds'
expect 2 fine-tune --model model --input shop/events.csv --labels shop/labels.csv --output x --dropout 1
says err 'dropout'
expect 2 fine-tune --model model --input shop/events.csv --labels shop/labels.csv --output x --focal-gamma 3
says err 'focal-gamma has no effect without --loss focal'
expect 2 fine-tune --model model --input shop/events.csv --labels shop/labels.csv --output x --lora 4
says err '^seqguard: fine-tune: --lora has an effect on text checkpoints only, and model is a model of behaviour$'
expect 2 fine-tune --model model --input shop/events.csv --labels shop/labels.csv --output x --class-weights 1,2
says err 'class-weights: expected balanced or none, found 1,2'
expect 2 fine-tune --model model --input shop/events.csv --labels shop/labels.csv --output x --threshold best-f1 --target-fpr 0.1
says err 'target-fpr has no effect with --threshold best-f1'
expect 1 fine-tune --model model --input shop/events.csv --label-column device --normal-label phone --output x
says err 'device is a column that the model reads'
expect 2 fine-tune --model model --input shop/events.csv --labels shop/labels.csv --output x --loss focal --focal-alpha 0.25 --class-weights balanced
says err 'class-weights has no effect beside --focal-alpha'
[ ! -e x ] || complain "a failed fine-tune leaves something"
finish
