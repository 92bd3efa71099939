"""Writes tests/golden/tokenizers: small tokenizers of every kind, and what the `tokenizers` package makes of 2,600 texts.

    python make_tokenizer_goldens.py OUTPUT_DIR [--compare COMMITTED_DIR]

OUTPUT_DIR/texts.safetensors      bytes [N] of all texts, ends [T] of each (2,000 over every Unicode block, 600 random ones)
OUTPUT_DIR/NAME.json              the tokenizer (tokenizer_zoo.py)
OUTPUT_DIR/NAME.safetensors       counts [T], and of all tokens in a row ids, begins, ends (characters); special tokens in texts
                                  are tokens. pair_*: text i with text T-1-i, truncated to 12, with types, for 300 pairs.

The trainers of the package do not give the same tokenizer twice: with --compare the committed ones are loaded, and everything
else is made again.
"""

import argparse
import filecmp
import os
import random
import shutil
import sys

import numpy as np
from safetensors.numpy import save_file
from tokenizers import Tokenizer

import tokenizer_zoo

PAIRS, PAIR_LENGTH = 300, 12


def texts():
    rng = random.Random(5)
    return [*tokenizer_zoo.block_texts(), *(tokenizer_zoo.random_text(rng) for _ in range(600))]


def tensors(encodings, prefix=""):
    flat = lambda values, dtype: np.array([v for row in values for v in row], dtype=np.int64).astype(dtype)
    result = {
        prefix + "counts": np.array([len(e.ids) for e in encodings], dtype=np.uint8),
        prefix + "ids": flat([e.ids for e in encodings], np.int16),
        prefix + "begins": flat([[b for b, _ in e.offsets] for e in encodings], np.uint8),
        prefix + "ends": flat([[b for _, b in e.offsets] for e in encodings], np.uint8),
    }
    if prefix:
        result[prefix + "types"] = flat([e.type_ids for e in encodings], np.uint8)
    assert max(len(e.ids) for e in encodings) < 256 and max(e for x in encodings for _, e in x.offsets) < 256
    return result


def write(directory, trained):
    os.makedirs(directory, exist_ok=True)
    all_texts = texts()
    data = [t.encode() for t in all_texts]
    save_file({"bytes": np.frombuffer(b"".join(data), dtype=np.uint8), "ends": np.cumsum([len(d) for d in data]).astype(np.int32)},
              os.path.join(directory, "texts.safetensors"))
    for name, make in tokenizer_zoo.ZOO.items():
        path = os.path.join(directory, name + ".json")
        if trained:
            shutil.copy(os.path.join(trained, name + ".json"), path)
        else:
            make().save(path, pretty=False)
        tokenizer = Tokenizer.from_file(path)
        result = tensors(tokenizer.encode_batch(all_texts))
        tokenizer.enable_truncation(PAIR_LENGTH)
        result |= tensors(tokenizer.encode_batch([(all_texts[i], all_texts[-1 - i]) for i in range(PAIRS)]), "pair_")
        save_file(result, os.path.join(directory, name + ".safetensors"))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("output")
    parser.add_argument("--compare")
    arguments = parser.parse_args()
    write(arguments.output, arguments.compare)
    if arguments.compare:
        names = sorted(set(os.listdir(arguments.output)) | set(os.listdir(arguments.compare)))
        different = [n for n in names if not filecmp.cmp(os.path.join(arguments.output, n), os.path.join(arguments.compare, n), False)]
        print(f"tokenizer goldens: {len(names)} files, {len(different)} differ {different}")
        sys.exit(1 if different else 0)


if __name__ == "__main__":
    main()
