"""Text checkpoints that `seqguard fine-tune` taught one class, sets of classes or numbers, opened in transformers.

    compare_tuned_texts.py PROGRAM GOLDEN_DIR

The class that config.json names must open without a warning, its logits (float64, eager attention) must be those of `seqguard
encode`, and its own loss for the problem_type there must be finite for such labels.
"""
import json
import pathlib
import subprocess
import sys
import tempfile

import torch
import transformers

from compare_hidden_states import BOUND, open_model
from compare_written import compare

WORDS = ["hello", "the", "quick", "dog", "fox", "world", "an", "answer"]


def rows(problem):
    for i in range(40):
        text = f"{WORDS[i % 8]} {WORDS[i // 8]}{' spam' if i % 2 else ''}"
        label = {"single_label_classification": ["fine", "spam", "more"][i % 3], "regression": 3.5 + i % 2,
                 "multi_label_classification": [name for c, name in enumerate(["a", "b"]) if (i >> c) % 2]}[problem]
        yield json.dumps(dict(text=text, label=label))


def main():
    program, golden = (pathlib.Path(argument) for argument in sys.argv[1:3])
    for problem, outputs in {"single_label_classification": 3, "multi_label_classification": 2, "regression": 1}.items():
        with tempfile.TemporaryDirectory() as directory:
            target, labels = pathlib.Path(directory) / "tuned", pathlib.Path(directory) / "labels.jsonl"
            labels.write_text("\n".join(rows(problem)) + "\n")
            subprocess.run([program, "fine-tune", "--model", golden / "text_sentence", "--input", labels, "--output", target, "--steps", "30",
                            "--learning-rate", "0.005", "--quiet"], check=True)
            configuration = json.loads((target / "config.json").read_text())
            if configuration["problem_type"] != problem or len(configuration["id2label"]) != outputs:
                sys.exit(f"{problem}: config.json says {configuration['problem_type']}, {configuration['id2label']}")
            worst = compare(program, target)
            model = open_model(target, getattr(transformers, configuration["architectures"][0]), causal=False, strict=True)
            label = torch.tensor([1]) if problem.startswith("single") else torch.ones(1, outputs, dtype=model.dtype)
            if not torch.isfinite(model(input_ids=torch.tensor([[2, 5, 3]]), labels=label).loss):
                sys.exit(f"{problem}: transformers' loss is not finite")
            print(f"{problem}: largest difference {worst:.1e}, bound {BOUND:.0e}")


if __name__ == "__main__":
    main()
