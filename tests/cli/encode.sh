#!/bin/sh
# encode.sh PROGRAM SOURCE_DIR COMPARE: `encode` gives the numbers of transformers (tests/golden) on every instruction set
# and matrix backend, answers bad lines with an error, and does not depend on threads.
# shellcheck source=/dev/null
. "$(dirname "$0")/checks.sh"
golden=$2/tests/golden
compare=$3

isas=$("$program" --version | sed -n 's/^instruction set: .*(of \(.*\))$/\1/p')
[ -n "$isas" ] || complain "--version names no instruction set"
for model in model_d12 model_d32_long masked_lm_d20 sequence_classification_d64 token_classification_d12; do
    "$compare" input "$golden/$model/expected.safetensors" >"$model.jsonl" || complain "no input from $model"
    case $model in model_*) kinds="last_hidden_state pooler_output" ;; *) kinds="last_hidden_state logits" ;; esac
    for kind in $kinds; do
        for mask in full causal; do
            for isa in $isas; do
                for matmul in own onednn eigen; do
                    run="encode --model $golden/$model --input $model.jsonl --output-kind $kind --mask $mask --isa $isa --matmul $matmul"
                    # shellcheck disable=SC2086 # a list of arguments
                    "$program" $run >out 2>err
                    case $? in
                    0) "$compare" check "$golden/$model/expected.safetensors" "$mask" "$kind" out || complain "$run" ;;
                    1) grep -q "$matmul" err || complain "$run: $(cat err)" ;; # a backend that is not built for it
                    *) complain "$run: $(cat err)" ;;
                    esac
                done
            done
        done
    done
done

m=$golden/model_d12
expect 0 encode --model "$m" --input model_d12.jsonl --output-kind last_hidden_state --output one.jsonl
empty out
expect 0 encode --model "$m" --input model_d12.jsonl --output-kind last_hidden_state --output two.jsonl --threads 3
same one.jsonl two.jsonl
printf '{"input_ids":[2,5,3]}\n{"input_ids":[99999]}\nnonsense\n{"input_ids":[]}\n{"text":"x"}\n{"input_ids":[2],"token_type_ids":[0,0]}\n{"input_ids":[2,-1]}\n{"input_ids":[2,3],"token_type_ids":[0,1]}\n' >lines
expect 3 encode --model "$m" --input lines --output-kind input_ids
[ "$(wc -l <out)" -eq 8 ] || complain "not one answer a line"
says out '^{"input_ids":\[2,5,3\]}$'
for line in 2 3 4 5 6 7; do
    says out "^{\"error\":\".*\",\"line\":$line}$"
    says err "^lines:$line: "
done
expect 1 encode --model "$m" --input lines --output-kind input_ids --strict
says err 'lines:2: '
echo old >kept # fails after the first answer was written
expect 1 encode --model "$m" --input lines --output-kind input_ids --strict --output kept
says kept '^old$'
no_leftovers
expect 1 encode --model "$m" --input lines --output-kind logits
says err 'BertModel'
expect 1 encode --model "$golden" --input lines --output-kind logits
printf '{"input_ids":[2,5,3]}\n' | "$program" encode --model "$m" --output-kind pooler_output | grep -q '^{"input_ids":\[2,5,3\],"pooler_output":\[-\{0,1\}[0-9]' ||
    complain "encode does not work in a pipe"
if [ -e /dev/full ]; then
    for output in - /dev/full; do
        "$program" encode --model "$m" --input lines --output-kind input_ids --output $output >/dev/full 2>err
        [ $? -eq 1 ] || complain "encode takes no notice of a full device ($output)"
        says err '^seqguard: \(stdout\|/dev/full\): cannot be written: '
    done
fi
"$program" encode --model "$m" --output-kind input_ids <&- >out 2>err
[ $? -eq 1 ] || complain "encode takes a closed stdin for an empty one"
says err '^seqguard: stdin: cannot be read$'
"$program" encode --model "$m" --output-kind input_ids </ >out 2>err
[ $? -eq 1 ] || complain "encode takes a directory for an empty stdin"
empty out
expect 0 inspect "$golden/text_pairs" --json facts.json
says out "^  labels  *3: no, yes, maybe$"
says out "^  longest text  *24 tokens$"
says facts.json '"texts":{"token_ids":77,'
expect 0 inspect "$golden/text_sentence"
says out "^  sentence embedding  *10 numbers, pooled by cls, mean, weightedmean$"

# A detector of replaced tokens: one list of numbers, as transformers gives it.
printf '{"input_ids":[2,5,3]}\n' >three
expect 0 encode --model "$golden/electra_ForPreTraining" --input three --output-kind logits
says out '^{"input_ids":\[2,5,3\],"logits":\[-\{0,1\}[0-9.e-]*,-\{0,1\}[0-9.e-]*,-\{0,1\}[0-9.e-]*\]}$'
# A line that is not UTF-8, wherever the bytes are, is answered with UTF-8.
printf '\377\n{"text":"a\377"}\n{"\377x":1}\n{"text":"x","\303(":1}\n' >ill
expect 3 encode --model "$golden/text_pairs" --input ill --output-kind logits
[ "$(grep -c '^{"error":".*","line":[1-4]}$' out)" -eq 4 ] || complain "not four answers: $(cat out)"
iconv -f UTF-8 -t UTF-8 out >/dev/null 2>&1 || complain "answers that are not UTF-8: $(cat out)"
iconv -f UTF-8 -t UTF-8 err >/dev/null 2>&1 || complain "messages that are not UTF-8"
grep -q "$(printf '\357\277\275')" out || complain "no replaced byte"
# What the files say that is not read: once on stderr, not with --quiet.
cp -r "$golden/text_pairs" noted
rm noted/expected.safetensors noted/texts.json
printf 'hello\nworld\n' >texts
expect 0 encode --model noted --input texts --format text --output-kind logits
empty err
sed '1s/{/{"colour": 1, "far": Infinity, /' noted/config.json >config && mv config noted/config.json
touch noted/adapter.old
expect 0 encode --model noted --input texts --format text --output-kind logits
[ "$(grep -c '^note: noted: not read: adapter.old ' err)" -eq 1 ] || complain "no note of a file: $(cat err)"
[ "$(grep -c '^note: noted/config.json: not read: colour, far ' err)" -eq 1 ] || complain "no note of a field: $(cat err)"
expect 0 encode --model noted --input texts --format text --output-kind logits --quiet
empty err
expect 0 inspect noted
says out '^  note 1  *noted: not read: adapter.old '
says out '^  note 2  *noted/config.json: not read: colour, far '
# The side of a text that is cut off, added tokens, and an id that no embedding has.
printf '{"model_max_length": 4, "truncation_side": "left"}' >noted/tokenizer_config.json
printf '{"<user>": 77}' >noted/added_tokens.json
printf 'the quick brown fox\nthe <user>\n' >texts
expect 3 encode --model noted --input texts --format text --output-kind input_ids
says out '^{"error":"text: token .*<user>.* is beyond the embeddings, expected ids below 77, found 77","line":2}$'
expect 0 inspect noted
says out '^  longest text  *4 tokens, the last ones of a longer text$'

# --- --explain: which words made the most probable class; the logits stay as they are ------------------------------------------
printf 'hello world\nthe quick dog\n' >texts
expect 0 encode --model "$golden/text_pairs" --input texts --format text --output-kind logits
sed 's/}$//' out >plain
expect 0 encode --model "$golden/text_pairs" --input texts --format text --output-kind logits --explain --threads 2
says out '"explanation":{"label":"[a-z]*","log_odds":[-0-9.]*,"baseline":[-0-9.]*,"complete":true,"truncated":false,"words":\[{"word":"hello","begin":0,"end":5,"value":'
sed 's/,"explanation":.*//' out >cut
same cut plain
echo '{"input_ids":[2,3]}' >ids
expect 3 encode --model "$golden/text_pairs" --input ids --output-kind logits --explain
says out 'names words, and a line of input_ids has none'
expect 1 encode --model "$golden/masked_lm_d20" --input ids --output-kind logits --explain
expect 2 encode --model "$golden/text_pairs" --input texts --output-kind last_hidden_state --explain
finish
