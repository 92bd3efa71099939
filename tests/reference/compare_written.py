"""Directories that this library wrote, of every family and head, opened in transformers.

    compare_written.py PROGRAM SAVE_AGAIN GOLDEN_DIR     PROGRAM: seqguard; SAVE_AGAIN: seqguard_save_again of the same build

Each golden checkpoint is converted (fp32; fp16 in shards), and loaded and saved. Each result must open with the class that its
config.json names without a warning, nor missing or unexpected tensors, and its outputs there (float64 from the stored weights,
eager attention) must be those of `seqguard encode`: 2e-5 of the largest. Where there is a tokenizer, its ids must be those of the
tokenizer that was converted.
"""
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy
import torch
import transformers

from compare_hidden_states import BOUND, encode_here, open_model


def write(program, save_again, source, target, form):
    command = [save_again, source, target] if form == "saved" else [program, "convert", "--from", source, "--to", target, "--quiet", *form.split()]
    answer = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if answer.returncode != 0:
        sys.exit(f"{source}, {form}: ended with {answer.returncode}: {answer.stderr}")


def outputs_of(model, ids):
    inputs = torch.tensor([ids])
    with torch.no_grad():
        hidden = model.base_model(input_ids=inputs, attention_mask=torch.ones_like(inputs))
        result = {"last_hidden_state": hidden.last_hidden_state[0]}
        if getattr(hidden, "pooler_output", None) is not None:
            result["pooler_output"] = hidden.pooler_output[0]
        if model.base_model is not model:
            logits = model(input_ids=inputs, attention_mask=torch.ones_like(inputs)).logits[0]
            result["logits"] = logits.unsqueeze(-1) if type(model) is transformers.ElectraForPreTraining else logits
    return {name: values.numpy() for name, values in result.items()}


def compare(program, directory):
    configuration = json.loads((directory / "config.json").read_text())
    model = open_model(directory, getattr(transformers, configuration["architectures"][0]), causal=False, strict=True)
    random = numpy.random.RandomState(6)
    sequences = [random.randint(0, configuration["vocab_size"], length).tolist() for length in (1, 4, 11)]
    theirs = [outputs_of(model, ids) for ids in sequences]
    worst = 0.0
    for kind in theirs[0]:
        for expected, found in zip(theirs, encode_here(program, directory, kind, sequences), strict=True):
            worst = max(worst, numpy.abs(numpy.asarray(found) - expected[kind]).max() / numpy.abs(expected[kind]).max())
    if not worst <= BOUND:
        sys.exit(f"{directory}: differs by {worst:.1e} of the largest output, bound {BOUND:.0e}")
    return worst


def compare_tokenizers(source, target):
    texts = [text for pair in json.loads((source / "texts.json").read_text()) for text in pair]
    before, after = (transformers.AutoTokenizer.from_pretrained(directory)(texts, verbose=False)["input_ids"] for directory in (source, target))
    if before != after:
        sys.exit(f"{target}: other ids than {source}")


def main():
    program, save_again, golden = (pathlib.Path(argument) for argument in sys.argv[1:4])
    forms = ["--dtype fp32", "--dtype fp16 --max-shard-size 20KB", "saved"]
    sources = sorted(path.parent for path in golden.glob("*/config.json"))
    worst = {form: 0.0 for form in forms}
    for source in sources:
        for form in forms:
            with tempfile.TemporaryDirectory() as directory:
                target = pathlib.Path(directory) / source.name
                write(program, save_again, source, target, form)
                worst[form] = max(worst[form], compare(program, target))
                if form != "saved" and (source / "tokenizer.json").exists():
                    compare_tokenizers(source, target)
    for form in forms:
        print(f"{len(sources)} directories, {form}: largest difference {worst[form]:.1e}, bound {BOUND:.0e}")


if __name__ == "__main__":
    main()
