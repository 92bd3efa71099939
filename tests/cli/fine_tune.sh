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
says err '^labels of sequences: 108 normal, '
says err '^shop/labels.csv: labels of single events become one for each sequence, .*--task event'
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
says err '^labels of sequences: 108 fine, 12 abnormal$'
says_not err '--task event'
expect 0 score --model two --input shop/events.csv --quiet
says out '"probabilities":{"fine":[0-9.e-]*,"abnormal":[0-9.e-]*}'

expect 0 fine-tune --model model --input shop/events.csv --labels shop/labels.csv --unlabelled normal --binary --class-weights balanced --output two --quiet $quick

# --- labels of events: which of them are wrong ------------------------------------------------------------------------------------
expect 0 fine-tune --model model --input shop/events.csv --labels shop/labels.csv --unlabelled normal --task event --output pointing --json events.json $quick
says err '^labels of sequences: 108 normal, '
says err '^labels of events: [0-9,]* normal, '
says_not err 'become one for each sequence'
says err '^on events of sequences that were not learned from: by surprise AUROC .*; by labels AUROC .*; of those called wrong '
says events.json '"events":{"normal":[0-9]*,"abnormal":[0-9]*,"labels":{"auroc":'
[ -s pointing/event_labels.safetensors ] || complain "fine-tune wrote no event_labels.safetensors"
expect 0 inspect pointing
says out 'learned labels .*; of events too'
expect 0 score --model pointing --input shop/events.csv --quiet
says out '"is_anomaly":true.*"labelled_events":\[{"position":[0-9]*,"class":"[a-z]*","probability":[0-9.e-]*}'
says_not out '"is_anomaly":false.*"labelled_events"'
says out '"worst_by":"labels"'
expect 0 score --model pointing --input shop/events.csv --per-event --expected 0 --quiet
says out '"events":\[{"position":0,"score":[0-9.e-]*,"p_value":[0-9.e-]*,"expected":\[\],"probabilities":{"normal":'
user=$(sed -n 's/^{"key":"\([^"]*\)".*"is_anomaly":true,"worst":[0-9]*,"worst_by":"labels".*/\1/p' out | head -n 1)
awk -F, -v user="$user" 'NR == 1 || $1 == user' shop/events.csv >one.csv
expect 0 score --model pointing --input one.csv --explain --quiet
says out '"label":"[a-z]*","label_probability":[0-9.e-]*'
expect 0 evaluate --model pointing --input shop/events.csv --labels shop/labels.csv --json evaluated.json
says err '^events by surprise: .*precision at '
says err '^events by labels: .*AUROC .*precision at '
says evaluated.json '"labelled_events":{"normal":'
expect 0 recalibrate --model pointing --input past/events.csv --output moved --quiet
same pointing/event_labels.safetensors moved/event_labels.safetensors
"$program" fine-tune --model pointing --input shop/events.csv --labels shop/labels.csv --unlabelled normal --task event --output again --threads 2 --quiet $quick
same pointing/event_labels.safetensors again/event_labels.safetensors
same pointing/labels.safetensors again/labels.safetensors
same pointing/detector.json again/detector.json
expect 0 fine-tune --model pointing --input shop/events.csv --labels shop/labels.csv --unlabelled normal --output again --quiet $quick
[ ! -e again/event_labels.safetensors ] || complain "labels of events survive labels of sequences"
same tuned/detector.json again/detector.json
# A column of the input: of the events whose rows it names.
expect 0 fine-tune --model model --input verdicts.csv --label-column verdict --normal-label fine --binary --task event --output two $quick
says err '^labels of events: [0-9,]* fine, [0-9,]* abnormal$'
awk -F, 'FNR == 1 { print "user,label" } FNR > 1 && !seen[$1]++ { print $1 "," $3 }' shop/labels.csv >whole.csv
expect 1 fine-tune --model model --input shop/events.csv --labels whole.csv --unlabelled normal --task event --output x
says err '^seqguard: whole.csv: labels of whole sequences; --task event needs .*"position"'
user=$(sed -n 2p shop/labels.csv | cut -d, -f1)
printf 'user,position,label\n%s,99999,fraud\n' "$user" >beyond.csv
expect 1 fine-tune --model model --input shop/events.csv --labels beyond.csv --unlabelled normal --task event --output x
says err "^seqguard: beyond.csv:2: sequence \"$user\" has no event at position 99999"
printf 'user,position,label\n%s,1,fraud\n%s,1,bot\n' "$user" "$user" >twice.csv
expect 1 fine-tune --model model --input shop/events.csv --labels twice.csv --unlabelled normal --task event --output x
says err '^seqguard: twice.csv:3: a second label for what line 2 has labelled'
printf 'user,position,label\nu99999,1,fraud\n' >stranger.csv
expect 1 fine-tune --model model --input shop/events.csv --labels stranger.csv --unlabelled normal --task event --output x
says err '^seqguard: stranger.csv:2: the data have no sequence "u99999"'
printf 'user,position,label\n%s,1,normal\n' "$user" >alike.csv
expect 1 fine-tune --model model --input shop/events.csv --labels alike.csv --unlabelled normal --task event --output x
says err 'one class only'

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
