#!/bin/sh
# fine_tune_text.sh PROGRAM SOURCE_DIR: `fine-tune` of a text checkpoint, from labelled texts to one that `encode` runs:
# files, figures, flags, an interruption, errors.
# shellcheck source=/dev/null
. "$(dirname "$0")/checks.sh"
base=$2/tests/golden/text_sentence

# Texts of a few words of the small vocabulary; "spam" in every second.
awk 'BEGIN {
    n = split("hello the quick dog fox world an answer", w, " ")
    print "id,label,text"
    for (i = 0; i < 80; ++i)
        printf "%d,%s,%s %s%s %c\n", i, i % 2 ? "spam" : "fine", w[1 + i % n], w[1 + int(i / n) % n], i % 2 ? " spam" : "", 97 + i % 26
}' >texts.csv
awk -F, 'NR > 1 { printf "{\"text\":\"%s\",\"label\":\"%s\"}\n", $3, $2 }' texts.csv >texts.jsonl
rates="--learning-rate 0.005 --batch-tokens 128 --valid-fraction 0.25"
quick="$rates --steps 40"

# shellcheck disable=SC2086 # a list of arguments
expect 0 fine-tune --model "$base" --input texts.csv --output tuned $quick --early-stop auroc:20 --curves curves --json report
empty out
says err '^read texts.csv: 80 texts$'
says err '^labels: 40 fine, 40 spam; \([0-9,]*\) of \1 parameters learn$'
says err '^on 20 held-out texts: accuracy '
says err '^learned in .*, 40 of 40 steps, ended by all steps -> tuned$'
says report '"held_out":{"rows":20,'
says curves '"metric":"auroc"'
[ -f tuned/config.json ] && [ -f tuned/tokenizer.json ] || complain "files are missing: $(ls tuned)"
[ ! -e tuned.fine-tune-state ] || complain "the state of a finished training is left"
expect 0 inspect tuned
says out '^  labels  *2: fine, spam$'
says out '^  longest text  *24 tokens$'
printf '{"text":"hello dog spam b"}\n' | "$program" encode --model tuned --output-kind logits >logits || complain "encode"
says logits '"logits":\['

# The same texts as JSON lines, more threads: the same weights.
# shellcheck disable=SC2086
expect 0 fine-tune --model "$base" --input texts.jsonl --output again $quick --early-stop auroc:20 --threads 3 --quiet
empty err
same tuned/model.safetensors again/model.safetensors

# Parts that rest, adapters, other losses.
# shellcheck disable=SC2086
expect 0 fine-tune --model "$base" --input texts.csv --output head $quick --freeze base --loss focal --class-weights 1,2 --json report
says report '"kept_hidden_states":7680,'
says err '^labels: .*; [0-9]* of [0-9,]* parameters learn$'
# shellcheck disable=SC2086
expect 0 fine-tune --model "$base" --input texts.csv --output anew $quick --freeze base --loss focal --class-weights 1,2 --memory 7KB
says err '^warning: the hidden states of the frozen encoder need .*(--memory): they are computed at every step again$'
same head/model.safetensors anew/model.safetensors
# shellcheck disable=SC2086
expect 0 fine-tune --model "$base" --input texts.csv --output adapter $quick --lora 2 --lora-targets query,attention.output.dense --adapters
[ -f adapter/adapter_config.json ] && [ ! -e adapter/model.safetensors ] || complain "no adapter alone: $(ls adapter)"
expect 0 convert --from "$base" --merge-adapters adapter --to merged
says merged/config.json '"BertForSequenceClassification"'
printf '%s\n' '{"text":"the quick dog a","spans":[[4,13,"ANIMAL"]]}' '{"text":"hello fox b","spans":[[6,9,"ANIMAL"]]}' \
    '{"text":"the world c","spans":[]}' '{"text":"an answer","spans":[]}' >spans.jsonl
expect 0 fine-tune --model "$2/tests/golden/text_tokens" --input spans.jsonl --output tokens --steps 5 --schedule cosine
says tokens/config.json '"B-ANIMAL"'

# Sets of classes and numbers.
awk -F, 'BEGIN { print "text,tags" } NR > 1 { printf "%s,%s\n", $3, NR % 4 == 0 ? "" : NR % 4 == 1 ? "rude | ad" : $2 == "spam" ? "ad" : "rude" }' texts.csv >sets.csv
# shellcheck disable=SC2086
expect 0 fine-tune --model "$base" --input sets.csv --label-column tags --problem-type multi_label_classification \
    --output sets $quick --early-stop micro_f1 --class-weights balanced --curves curves --json report
says err '^on .* held-out texts: all classes right .*, macro F1 .*, micro F1 '
says err '^ *class  *texts  *precision  *recall  *F1  *AUROC'
says report '"problem_type":"multi_label_classification"'
says curves '"micro_f1":'
says sets/config.json '"multi_label_classification"'
awk -F, 'BEGIN { print "text,stars" } NR > 1 { printf "%s,%s\n", $3, $2 == "spam" ? 1.5 : 4 }' texts.csv >stars.csv
# shellcheck disable=SC2086
expect 0 fine-tune --model "$base" --input stars.csv --label-column stars --output stars $quick --early-stop spearman --json report
says err '^note: all labels are numbers, some with a fraction: taken as numbers, not as classes (--problem-type)$'
says err '^labels: 80 numbers; '
says err '^on 20 held-out texts: mean absolute error .*, RMSE .*, Spearman '
says report '"rmse":'
says stars/config.json '"regression"'
expect 0 inspect stars
says out '^  labels  *1: stars$'

# Folds, and settings that are compared.
# shellcheck disable=SC2086
expect 0 fine-tune --model "$base" --input texts.csv --output folds $quick --early-stop auroc --folds 2 --json report
says err '^in 2 folds: accuracy .* (auroc of a fold .* +- .*)$'
says report '"cross_validation":{"figures":{"rows":80,'
echo '{"learning_rate": [1e-9, 0.005], "loss": ["ce", "focal"]}' >settings.json
# shellcheck disable=SC2086
expect 0 fine-tune --model "$base" --input texts.csv --output searched $quick --early-stop auroc --search settings.json --json report
says err '^ *learning_rate=0.005 loss=ce  *[0-9.]*  *<- best'
says report '"best_setting":2,"settings":'
# shellcheck disable=SC2086
expect 0 fine-tune --model "$base" --input texts.csv --output chosen $quick --early-stop auroc --quiet
same searched/model.safetensors chosen/model.safetensors
[ -z "$(find . -name '*.fine-tune-state*')" ] || complain "states of finished trainings are left"
echo '{"rate": [1]}' >settings.json
expect 1 fine-tune --model "$base" --input texts.csv --output refused --search settings.json
says err '^seqguard: settings.json: rate, expected a setting: trials, '

# An adversary, and layers that are left out.
# shellcheck disable=SC2086
expect 0 fine-tune --model "$base" --input texts.csv --output robust $quick --adversarial-steps 2 --adversarial-epsilon 0.3 --stochastic-depth 0.1
cmp -s tuned/model.safetensors robust/model.safetensors && complain "neither has an effect"

# Interrupted, it goes on with --resume, and ends with the same bits.
# shellcheck disable=SC2086
"$program" fine-tune --model "$base" --input texts.csv --output straight $rates --steps 3000 --quiet &
running=$!
# shellcheck disable=SC2086
"$program" fine-tune --model "$base" --input texts.csv --output stopped $rates --steps 3000 --curves begun --quiet 2>err &
stopped=$!
while [ ! -e begun ] && kill -0 $stopped 2>/dev/null; do sleep 0.05; done # after the first of 20 validations
kill -INT $stopped
wait $stopped
says err '^seqguard: interrupted: fine-tune: stopped after step [0-9]* of 3000; saved in stopped.fine-tune-state; '
[ ! -e stopped ] || complain "an interrupted training has written"
# shellcheck disable=SC2086
expect 0 fine-tune --model "$base" --input texts.csv --output stopped $rates --steps 3000 --resume
wait $running
same straight/model.safetensors stopped/model.safetensors
expect 0 fine-tune --model "$base" --input texts.csv --output stopped --steps 2 --resume
says err '^warning: --resume: there is no stopped.fine-tune-state, so the training starts anew$'

# Wrong usage, and files that cannot be used.
usage() {
    message=$1
    shift
    expect 2 fine-tune --model "$base" --input texts.csv --output refused "$@"
    says err "$message"
}
usage '--members has no effect on a text checkpoint' --members 3
usage '--task has no effect on a text checkpoint' --task event
usage '--labels has no effect on a text checkpoint' --labels texts.csv
usage '--time-format has no effect on a text checkpoint' --time-format %F
usage '--freeze: .*expected a number of layers, embeddings, base or all-but-biases, found head' --freeze head
usage '--early-stop: expected METRIC:PATIENCE, at least 1, found loss:0' --early-stop loss:0
usage '--early-stop: .*one of loss, accuracy, auroc, ap, f1, macro_f1, micro_f1, mae, rmse, spearman, found roc' --early-stop roc:3
usage '--class-weights: expected balanced, none, or a number for each class, found 1,x' --class-weights 1,x
usage '--problem-type: .*one of single_label_classification, .*, found set' --problem-type set
usage '--label-separator: expected one character, found ::' --label-separator ::
usage '--schedule: ' --schedule sometimes
usage '--lora-alpha requires --lora' --lora-alpha 3
usage '--adversarial-epsilon requires --adversarial-steps' --adversarial-epsilon 3
expect 1 fine-tune --model "$base" --input texts.csv --output refused --freeze base --adversarial-steps 1
says err 'adversarial training: .* not with frozen embeddings, a frozen encoder, or adapters$'
usage '--focal-gamma and --focal-alpha need --loss focal' --focal-gamma 3
usage '--format: expected csv or jsonl, for texts, found lines' --format lines
printf 'text,label\na,x\nb,x\n' >one.csv
expect 1 fine-tune --model "$base" --input one.csv --output refused
says err '^seqguard: one.csv: one class only: every label says "x"'
printf 'text,label\na,1\nb,good\n' >number.csv
expect 1 fine-tune --model "$base" --input number.csv --output refused --problem-type regression
says err '^seqguard: number.csv:3: label, expected a finite number, found "good"$'
expect 1 fine-tune --model "$base" --input texts.csv --output refused --early-stop rmse
says err 'fine-tune: metric, expected one of classes: .*, found rmse$'
printf 'text,label\na,x\nb,\n' >none.csv
expect 1 fine-tune --model "$base" --input none.csv --output refused
says err '^seqguard: none.csv:3: no label$'
expect 1 fine-tune --model "$base" --input texts.csv --output "$base"
says err 'is the checkpoint that is learned from'
[ ! -e refused ] || complain "a refused training has written"
finish
