"""Sentence embeddings of small directories by `seqguard encode --format text` and by the sentence-transformers package.

    compare_sentence_modules.py PROGRAM GOLDEN_DIR        GOLDEN_DIR: tests/golden

Every pooling, pairs of them, dense layers, prompts (pooled or not), do_lower_case, both ways of writing the files, and a cross-encoder as the package saves
it. Reference: float64
from the stored weights. Bound: 2e-5 absolute, of outputs of order 1.
"""
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

import numpy
import sentence_transformers
import torch

BOUND = 2e-5
TEXTS = ["hello world", "a", "the quick brown fox jumps over the lazy dog", "Caf\u00e9 CR\u00c8ME, na\u00efve!", "spam spam spam " * 20, "  spaces  ",
         "\u4f60\u597d WORLD"]
MODES = ["cls", "max", "mean", "mean_sqrt_len_tokens", "weightedmean", "lasttoken"]
PROMPTS = {"prompts": {"query": "the fox ", "document": ""}}


def cases():
    for mode in MODES:
        yield f"{mode}", {"1_Pooling/config.json": {"embedding_dimension": 24, "pooling_mode": mode}}
    yield "max and mean", {"1_Pooling/config.json": {"embedding_dimension": 24, "pooling_mode": ["max", "mean"]}}
    yield "flags", {"1_Pooling/config.json": {"word_embedding_dimension": 24, "pooling_mode_cls_token": True, "pooling_mode_max_tokens": True,
                                              "pooling_mode_mean_tokens": True}}
    yield "prompts, none by default", {"config_sentence_transformers.json": PROMPTS | {"default_prompt_name": None}}
    yield "prompt", {"config_sentence_transformers.json": PROMPTS | {"default_prompt_name": "query"}}
    for mode in ("cls", "max", "mean", "mean_sqrt_len_tokens", "lasttoken"):
        yield f"prompt left out of {mode}", {
            "1_Pooling/config.json": {"embedding_dimension": 24, "pooling_mode": mode, "include_prompt": False},
            "config_sentence_transformers.json": PROMPTS | {"default_prompt_name": "query"}}
    for lower in (False, True):
        yield f"cased, do_lower_case {lower}", {
            "sentence_bert_config.json": {"max_seq_length": 24, "do_lower_case": lower},
            "tokenizer_config.json": {"tokenizer_class": "BertTokenizer", "do_lower_case": False}}


def compare_cross_encoder(program, golden):
    """A CrossEncoder saved by the package: largest difference of logits."""
    pairs = [("a question", "an answer"), ("the fox", "the dog jumps over"), ("spam " * 30, "eggs")]
    with tempfile.TemporaryDirectory() as work:
        model = sentence_transformers.CrossEncoder(str(golden / "text_pairs"), device="cpu", activation_fn=torch.nn.Identity())
        model.save_pretrained(work)
        lines = "".join(json.dumps({"text": a, "text_pair": b}) + "\n" for a, b in pairs)
        answer = subprocess.run([program, "encode", "--model", work, "--input", "-", "--output-kind", "logits", "--quiet"],
                                input=lines, capture_output=True, text=True)
        if answer.returncode != 0:
            sys.exit(f"cross-encoder: seqguard encode ended with {answer.returncode}: {answer.stderr}")
        ours = numpy.array([json.loads(line)["logits"] for line in answer.stdout.splitlines()])
        theirs = numpy.concatenate([model.double().predict([pair]) for pair in pairs])
    return numpy.abs(ours - theirs).max()


def main():
    program, golden = sys.argv[1], pathlib.Path(sys.argv[2]) / "text_sentence"
    worst = 0.0
    for name, files in cases():
        with tempfile.TemporaryDirectory() as path:
            directory = pathlib.Path(path) / "model"
            shutil.copytree(golden, directory)
            modules = json.loads((directory / "modules.json").read_text())
            if "1_Pooling/config.json" in files:  # the dense layer of the golden directory wants three poolings
                modules = [m for m in modules if not m["type"].endswith("Dense")]
            (directory / "modules.json").write_text(json.dumps(modules))
            (directory / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "BertTokenizer"}))
            for file, content in files.items():
                (directory / file).write_text(json.dumps(content))
            answer = subprocess.run([program, "encode", "--model", str(directory), "--format", "text", "--output-kind", "sentence_embedding"],
                                    input="".join(text + "\n" for text in TEXTS), capture_output=True, text=True)
            if answer.returncode != 0:
                sys.exit(f"{name}: seqguard encode ended with {answer.returncode}: {answer.stderr}")
            ours = numpy.array([json.loads(line)["sentence_embedding"] for line in answer.stdout.splitlines()])
            model = sentence_transformers.SentenceTransformer(str(directory), device="cpu", model_kwargs={"attn_implementation": "eager"})
            theirs = numpy.concatenate([model.double().encode([text], convert_to_numpy=True) for text in TEXTS])
        difference = numpy.abs(ours - theirs).max()
        worst = max(worst, difference)
        print(f"{name}: largest difference {difference:.1e}")
        if not difference <= BOUND:
            sys.exit(f"{name}: too large, bound {BOUND:.0e}")
    difference = compare_cross_encoder(program, golden.parent)
    worst = max(worst, difference)
    print(f"cross-encoder: largest difference {difference:.1e}")
    if not difference <= BOUND:
        sys.exit(f"cross-encoder: too large, bound {BOUND:.0e}")
    print(f"sentence-transformers {sentence_transformers.__version__}: all agree, largest difference {worst:.1e}, bound {BOUND:.0e}")


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
