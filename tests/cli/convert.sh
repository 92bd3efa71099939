#!/bin/sh
# convert.sh PROGRAM SOURCE_DIR: `convert` and `inspect` of every kind of weights (tests/golden/weight_files).
# shellcheck source=/dev/null
. "$(dirname "$0")/checks.sh"
files=$2/tests/golden/weight_files

for kind in single sharded torch torch_protocol_4 torch_sharded; do
    expect 0 convert --from "$files/$kind" --to "$kind" --json summary.json
    empty out
    one_line err
    says err "^$files/$kind/.*, F32, .* -> $kind/model.safetensors$"
    says summary.json '"dtype":"F32","files":\["model.safetensors"\]'
    expect 0 inspect "$files/$kind"
    says out '^  dtypes  *F32 (2[68])$'
    expect 0 inspect "$kind" --json facts.json
    says out '^  file  *model.safetensors$'
    says facts.json '"files":1,'
done
same torch/model.safetensors "$files/single/model.safetensors"

expect 0 convert --from torch --to half --dtype fp16 --max-shard-size 1KB --quiet
empty err
expect 0 inspect half
says out '^  file  *model.safetensors.index.json$'
says out '^  dtypes  *F16 (26)$'
expect 0 convert --from half --to half --dtype bf16 # in place; the shards go
[ "$(cd half && echo *)" = "config.json model.safetensors" ] || complain "left in half: $(ls half)"
says half/config.json '"dtype": "bfloat16"'

# --- matrices as integers ---------------------------------------------------------------------------------------------
expect 0 convert --from single --to small --dtype int8
says err "^single/model.safetensors: .*, I8, .* -> small/model.safetensors$"
says small/config.json 'seqguard_int8'
expect 0 inspect small
says out '^  dtypes  *F32 ([0-9]*), I8 ([0-9]*)$'
expect 0 convert --from small --to small-again --quiet
same small/model.safetensors small-again/model.safetensors
expect 0 convert --from small --to large --dtype fp32 --quiet
grep -q quantization_config large/config.json && complain "fp32, and config.json says int8"

echo '{"input_ids":[2,5,3]}' >ids
expect 0 encode --model small --input ids --output-kind logits --output small.jsonl
expect 0 encode --model large --input ids --output-kind logits --output large.jsonl
same small.jsonl large.jsonl
expect 0 encode --model torch --input ids --output-kind logits --output before.jsonl
expect 0 encode --model "$files/torch" --input ids --output-kind logits --output after.jsonl
same before.jsonl after.jsonl

# --- refusals: one line, and what was there stays ---------------------------------------------------------------------
cp -r single damaged
head -c 5000 single/model.safetensors >damaged/model.safetensors
expect 1 convert --from damaged --to half
one_line err
says err 'damaged/model.safetensors: tensor '
says half/config.json '"dtype": "bfloat16"'
expect 1 inspect damaged
says err 'damaged/model.safetensors: tensor '
mkdir legacy
cp single/config.json legacy
cp "$files/legacy.bin" legacy/pytorch_model.bin
expect 1 convert --from legacy --to new
says err 'old format (before version 1.6): load it with torch and save it again'
[ ! -e new ] || complain "a failed conversion leaves a directory"
expect 1 convert --from no-such --to new
expect 2 convert --from single
expect 2 convert --from single --to new --dtype int4
expect 2 convert --from single --to new --max-shard-size 0
expect 2 convert --from single --to new --merge-adapters

# --- an adapter merged into its base -----------------------------------------------------------------------------------
adapters=$2/tests/golden/adapters
for name in bert distilbert modernbert; do
    cp -r "$adapters/$name/base" base && echo note >base/note.md
    expect 0 convert --from base --merge-adapters "$adapters/$name/trained" --to "merged-$name"
    empty out
    one_line err
    says err "^base/model.safetensors: .*, F32, .* -> merged-$name/model.safetensors$"
    same base/note.md "merged-$name/note.md"
    expect 0 inspect "merged-$name"
    rm -r base
done
expect 0 convert --from merged-bert --to half --dtype fp16 --quiet
expect 0 convert --from half --merge-adapters "$adapters/bert/trained" --to twice
says err ', F16, .* -> twice/model.safetensors$' # as its base
expect 1 convert --from merged-bert --merge-adapters "$adapters/modernbert/trained" --to new
one_line err
says err 'adapter_model.safetensors: .*expected one for a parameter of the base'
expect 1 convert --from merged-bert --merge-adapters no-such --to new
says err 'no-such/adapter_config.json: no such file'
expect 1 convert --from "$adapters/bert/trained" --to new
says err 'is an adapter, no model: merge it into its base (seqguard convert --from BASE --merge-adapters '
[ ! -e new ] || complain "a failed merge leaves a directory"
finish
