"""Runs a model directory in transformers and in `seqguard encode` on the same ids, and compares hidden states.

    compare_hidden_states.py PROGRAM DIR [--no-warnings]

Reference: float64 from the stored weights, eager attention. Bound: 2e-5 of the largest hidden state, under the full and
the causal mask. With --no-warnings, opening DIR must not make transformers log anything, nor find missing or
unexpected tensors.
"""
import argparse
import json
import logging
import pathlib
import subprocess
import sys

import numpy
import torch
import transformers

BOUND = 2e-5


class Collector(logging.Handler):
    def __init__(self):
        super().__init__(logging.WARNING)
        self.messages = []

    def emit(self, record):
        self.messages.append(record.getMessage())


def open_model(directory, model_class, causal, strict=False):
    collector = Collector()
    logger = logging.getLogger("transformers")
    logger.addHandler(collector)
    configuration = transformers.AutoConfig.from_pretrained(directory, is_decoder=causal, attn_implementation="eager")
    model, report = model_class.from_pretrained(directory, config=configuration, output_loading_info=True)
    logger.removeHandler(collector)
    if strict:
        found = [f"{kind}: {sorted(names)}" for kind, names in report.items() if names]
        if found or collector.messages:
            sys.exit(f"{directory}: transformers complains: {found + collector.messages}")
    return model.double().eval()


def encode_here(program, directory, kind, sequences, mask="full"):
    """What `seqguard encode` gives for each sequence of ids."""
    lines = "".join(json.dumps({"input_ids": ids}) + "\n" for ids in sequences)
    answer = subprocess.run([program, "encode", "--model", str(directory), "--input", "-", "--format", "jsonl", "--output-kind",
                             kind, "--mask", mask], input=lines, capture_output=True, text=True)
    if answer.returncode != 0:
        sys.exit(f"seqguard encode ended with {answer.returncode}: {answer.stderr}")
    found = [json.loads(line)[kind] for line in answer.stdout.splitlines()]
    if len(found) != len(sequences):
        sys.exit(f"seqguard encode: {len(sequences)} lines in, {len(found)} out")
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("directory", type=pathlib.Path)
    parser.add_argument("--no-warnings", action="store_true")
    arguments = parser.parse_args()
    configuration = json.loads((arguments.directory / "config.json").read_text())
    own_class = getattr(transformers, configuration["architectures"][0])
    if arguments.no_warnings:
        open_model(arguments.directory, own_class, causal=False, strict=True)

    random = numpy.random.RandomState(5)
    longest = configuration["max_position_embeddings"]
    lengths = [length for length in (1, 2, 7, 31, 64, 100, longest) if length <= longest]
    sequences = [random.randint(1, configuration["vocab_size"], length).tolist() for length in lengths]
    for mask in ("full", "causal"):
        found = encode_here(arguments.program, arguments.directory, "last_hidden_state", sequences, mask)
        model = open_model(arguments.directory, own_class, causal=mask == "causal")
        encoder = getattr(model, "bert", model)
        worst = 0.0
        for ids, ours in zip(sequences, found):
            with torch.no_grad():
                theirs = encoder(input_ids=torch.tensor([ids])).last_hidden_state[0].numpy()
            worst = max(worst, numpy.abs(numpy.asarray(ours) - theirs).max() / numpy.abs(theirs).max())
        print(f"{arguments.directory.name}, {mask} mask: largest difference {worst:.1e}, bound {BOUND:.0e}")
        if not worst <= BOUND:
            sys.exit("too large")


if __name__ == "__main__":
    main()
