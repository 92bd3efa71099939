#!/bin/sh
# checkpoints.sh PROGRAM SOURCE_DIR: what the commands say of a directory before it is deployed: whether it loads, and why not.
# shellcheck source=/dev/null
. "$(dirname "$0")/checks.sh"
golden=$2/tests/golden

# refused DIRECTORY PATTERN: inspect describes what it can and fails with that one line; so does the JSON.
refused() {
    expect 1 inspect "$1" --json facts.json
    one_line err
    says err "$2"
    says out '^loads: no$'
    says facts.json '"loads":false}$'
}

for directory in text_pairs text_sentence weight_files/torch_sharded model_d12; do
    expect 0 inspect "$golden/$directory" --json facts.json
    empty err
    says out '^loads: yes$'
    says facts.json '"loads":true}$'
done
# Ids need no tokenizer.
says out "^  tokenizer  *none, for ids only: $golden/model_d12: tokenizer, expected tokenizer.json, vocab.txt, or vocab.json and merges.txt, found none$"
# Heads, by their names.
expect 0 inspect "$golden/text_pairs"
says out '^  head BertForSequenceClassification *classes of sequences, 3 labels: no, yes, maybe$'
expect 0 inspect "$golden/masked_lm_d20"
says out '^  head BertForMaskedLM *masked LM$'
cp -r "$golden/text_sentence" cut
printf '{"truncate_dim": 4, "similarity_fn_name": "dot"}' >cut/config_sentence_transformers.json
expect 0 inspect cut
says out '^  sentence embedding  *4 of 10 numbers, pooled by cls, mean, weightedmean$'
says out '^  similarity  *dot$'
cp -r "$golden/text_sentence" heads # a head with a name of its own: two classes of tokens, all weights 0
printf '{"format":"seqguard-heads","heads":[{"kind":"token_classification","labels":["a","b"],"loss":"softmax","name":"kinds","pooling":"cls"}],"version":1}' >heads/heads.json
printf '{"kinds.out_proj.weight":{"dtype":"F32","shape":[2,24],"data_offsets":[0,192]},"kinds.out_proj.bias":{"dtype":"F32","shape":[2],"data_offsets":[192,200]}}' >header
{
    # shellcheck disable=SC2059 # the length of the header as a byte
    printf "\\$(printf '%03o' "$(wc -c <header)")\\0\\0\\0\\0\\0\\0\\0"
    cat header
    head -c 200 /dev/zero
} >heads/heads.safetensors
expect 0 inspect heads --json facts.json
says out '^  head kinds  *classes of tokens, 2 labels: a, b$'
says facts.json '"heads":{"head_kinds":"classes of tokens, 2 labels: a, b"}'

cp -r "$golden/text_pairs" labels
sed 's/"no"/"0"/; /"id2label"/,/}/d' labels/config.json >config && mv config labels/config.json
refused labels 'labels/model.safetensors: does not fit its config.json; wrong shape: classifier.weight .*LABEL_0 and LABEL_1 are only the default'
says out '^  longest text  *24 tokens$' # what can be told is told
cp -r "$golden/text_pairs" unused
sed 's/"num_hidden_layers": [0-9]*/"num_hidden_layers": 1/' unused/config.json >config && mv config unused/config.json
refused unused 'unused/model.safetensors: does not fit its config.json; unused: bert.encoder.layer.1'
cp -r "$golden/text_pairs" nan
size=$(stat -c %s nan/model.safetensors)
printf '\377\377\377\377' | dd of=nan/model.safetensors bs=1 seek=$((size - 4)) conv=notrunc 2>/dev/null
refused nan 'nan/model.safetensors: tensor ".*": element .*, expected a finite number .*, found NaN'
cp -r "$golden/text_pairs" no_weights
rm no_weights/model.safetensors
refused no_weights 'no_weights: no weights, expected model.safetensors, .*pytorch_model.bin.index.json, found config.json, '
says out '^  longest text  *24 tokens$'
cp -r "$golden/text_pairs" broken_tokenizer
echo '{' >broken_tokenizer/tokenizer.json
refused broken_tokenizer 'broken_tokenizer/tokenizer.json: malformed JSON'
cp -r "$golden/text_pairs" pointer
printf 'version https://git-lfs.github.com/spec/v1\noid sha256:4d\nsize 9\n' >pointer/tokenizer.json
refused pointer 'pointer/tokenizer.json: a pointer of Git LFS.*`git lfs pull`'
mkdir adapter empty
echo '{}' >adapter/adapter_config.json
refused adapter 'adapter_config.json: is an adapter, no model: merge it into its base'
refused empty 'empty/config.json: no such file, expected a checkpoint (config.json, .*detector.json too), found an empty directory'

# --- the other commands say the same, and a file of a model is not read as data -----------------------------------------
expect 1 convert --from adapter --to new
says err 'is an adapter, no model'
for directory in adapter empty; do
    for command in encode score; do
        case $command in encode) kind='--output-kind logits' ;; *) kind= ;; esac
        # shellcheck disable=SC2086 # two arguments or none
        expect 1 $command --model $directory --input no-such-file $kind
        one_line err
        says err "is an adapter, no model\|empty/config.json: no such file, expected .*detector.json too"
    done
done
# A text checkpoint judges no events, and one learns what does run it.
for command in score repair 'evaluate --labels no-such-file'; do
    # shellcheck disable=SC2086 # a command with its arguments
    expect 1 $command --model "$golden/text_pairs" --input no-such-file
    one_line err
    says err 'text_pairs: a text checkpoint judges no events: .*seqguard encode'
done
for file in model.safetensors config.json tokenizer.json; do
    expect 1 inspect "$golden/text_pairs/$file"
    one_line err
    says err "$file: a file of a model, expected the model's directory"
    empty out
done
expect 1 inspect no-such.json
says err 'no-such.json: .*No such file'

# --- encode: the tokenizer's errors, once for a file of texts; what is no file of lines -----------------------------------
printf 'hello\nworld\n' >texts
printf '{"text":"hello"}\n{"input_ids":[2,5,3]}\n' >lines
expect 1 encode --model broken_tokenizer --input texts --format text --output-kind logits
one_line err
says err 'broken_tokenizer/tokenizer.json: malformed JSON'
empty out
expect 1 encode --model "$golden/model_d12" --input texts --format text --output-kind last_hidden_state
says err 'model_d12: tokenizer, expected tokenizer.json, vocab.txt, or vocab.json and merges.txt, found none$'
expect 3 encode --model "$golden/model_d12" --input lines --output-kind input_ids
says err '^lines:1: text: cannot be tokenized: .*/model_d12: tokenizer, expected tokenizer.json, .*found none$'
says out '^{"input_ids":\[2,5,3\]}$'
expect 3 encode --model "$golden/text_pairs" --input texts --output-kind logits
[ "$(grep -c -e '--format text' err)" -eq 1 ] || complain "not one hint: $(cat err)"
says err '^texts:1: .*(lines of plain text are read with --format text)$'
printf '{\n\n' >broken
expect 3 encode --model "$golden/text_pairs" --input broken --output-kind logits
grep -q -e '--format' err && complain "a hint where JSON was meant: $(cat err)"
expect 1 encode --model "$golden/text_pairs" --input empty --output-kind logits
says err '^seqguard: empty: a directory, not a file of lines$'

# --- convert: what is not computed here is converted, with one note -------------------------------------------------------
cp -r "$golden/weight_files/torch" other
sed 's/"model_type": "bert"/"model_type": "deberta-v2"/' other/config.json >config && mv config other/config.json
expect 0 convert --from other --to converted
[ "$(grep -c '^note: ' err)" -eq 1 ] || complain "not one note: $(cat err)"
says err '^note: converted, but seqguard cannot load it: converted/config.json: model_type is not supported, expected one of bert, .*, found "deberta-v2"$'
expect 0 convert --from unused --to converted --quiet
empty err
expect 0 convert --from unused --to converted
says err '^note: .*converted/model.safetensors: does not fit its config.json; unused: '
finish
