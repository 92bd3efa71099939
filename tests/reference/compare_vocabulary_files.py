"""Compares directories without a tokenizer.json (vocab.txt; vocab.json and merges.txt), and those whose tokenizer_config.json,
special_tokens_map.json or added_tokens.json disagrees with their tokenizer.json, with what transformers builds from them.

    python compare_vocabulary_files.py PROGRAM GOLDEN_DIR     PROGRAM: seqguard_encode_texts; GOLDEN_DIR: tests/golden/tokenizers

20,000 texts for every combination of family and settings: ids, type ids and offsets.
"""

import json
import os
import random
import sys
import tempfile

from tokenizers import Tokenizer
from transformers import AutoTokenizer

import compare_tokenizers
import tokenizer_zoo

MASK = {"content": "<mask>", "lstrip": True, "rstrip": False, "normalized": False, "single_word": False, "special": True}
CASES = [
    ("bert", {}), ("bert", {"do_lower_case": False}),
    ("bert", {"do_lower_case": True, "strip_accents": False, "tokenize_chinese_chars": False}),
    ("roberta", {}), ("roberta", {"add_prefix_space": True}), ("roberta", {"mask_token": MASK | {"__type": "AddedToken"}}),
    ("roberta", {"mask_token": "<mask>", "added_tokens_decoder": {"4": MASK}}), ("mpnet", {}),
    ("bert_uncased.json", {}), ("bert_uncased.json", {"do_lower_case": False}),
    ("bert_uncased.json", {"strip_accents": False, "tokenize_chinese_chars": False}),
    ("bert_uncased.json", {"do_lower_case": False, "tokenizer_class": "PreTrainedTokenizerFast"}),
    ("bert_uncased.json", {"do_lower_case": False, "tokenizer_class": None}),
    ("bert_cased.json", {}), ("bert_cased.json", {"do_lower_case": False}),
    ("roberta.json", {}), ("roberta.json", {"add_prefix_space": True}), ("roberta.json", {"add_prefix_space": True, "trim_offsets": False}),
]
USER = {"<user>": "NEXT", "<e1>": "NEXT"}  # ids behind those of the vocabulary
EXTRA = {"additional_special_tokens": ["<user>", "<e1>"]}
FAST = {"tokenizer_class": "PreTrainedTokenizerFast"}
SIDE_CASES = [  # further files: name -> content
    (family, settings, files)
    for family in ("bert", "roberta", "mpnet", "bert_uncased.json", "bert_cased.json", "roberta.json")
    for settings, files in [
        ({}, {"added_tokens.json": USER}), ({}, {"special_tokens_map.json": EXTRA}), (EXTRA, {}),
        ({}, {"added_tokens.json": USER, "special_tokens_map.json": EXTRA}), ({"user_token": "<user>"}, {}),
        ({"split_special_tokens": True} | EXTRA, {}), ({"extra_special_tokens": {"image_token": "<e1>"}}, {}),
    ]
] + [
    ("bert_uncased.json", FAST, {"added_tokens.json": USER}), ("roberta.json", FAST | EXTRA, {}),
    ("bert_uncased.json", FAST, {"special_tokens_map.json": EXTRA | {"mask_token": "the"}}),
    ("bert_uncased.json", {"cls_token": "the"}, {}), ("bert", {"cls_token": "the"}, {}),
]
CLASSES = {"bert": "BertTokenizer", "roberta": "RobertaTokenizer", "mpnet": "MPNetTokenizer"}


def model_of(golden, name):
    return json.load(open(os.path.join(golden, name + ".json")))["model"]


def write(directory, golden, family, settings, files):
    def put(name, text):
        open(os.path.join(directory, name), "w", encoding="utf-8", newline="").write(text)
    base = family.split("_")[0].removesuffix(".json")
    put("config.json", json.dumps({"model_type": base}))
    config = {"tokenizer_class": CLASSES[base]} | settings
    put("tokenizer_config.json", json.dumps({name: value for name, value in config.items() if value is not None}))
    source = family if family.endswith(".json") else "roberta.json" if family == "roberta" else "bert_uncased.json"
    size = Tokenizer.from_file(os.path.join(golden, source)).get_vocab_size()
    for name, content in files.items():
        ids = iter(range(size, size + 100))
        put(name, json.dumps({key: next(ids) if value == "NEXT" else value for key, value in content.items()}))
    if family.endswith(".json"):
        put("tokenizer.json", open(os.path.join(golden, family), encoding="utf-8").read())
        return
    if family == "roberta":
        model = model_of(golden, "roberta")
        put("vocab.json", json.dumps(model["vocab"]))
        put("merges.txt", "#version: 0.2\n" + "".join(" ".join(merge) + "\n" for merge in model["merges"]))
        return
    vocabulary = model_of(golden, "bert_uncased")["vocab"]
    pieces = sorted(vocabulary, key=vocabulary.get)
    if family == "mpnet":
        pieces = ["<s>", "<pad>", "</s>", "[UNK]", *(p for p in pieces if p not in tokenizer_zoo.BERT_SPECIALS), "<mask>"]
    put("vocab.txt", "".join(piece + "\n" for piece in pieces))


def main(program, golden):
    rng = random.Random(3)
    texts = [tokenizer_zoo.random_text(rng) for _ in range(20000)]
    texts = [text if i % 3 else text[: i % 7] + rng.choice(["<user>", " <e1> ", "<USER>"]) + text[i % 7 :] for i, text in enumerate(texts)]
    wrong = 0
    for family, settings, files in [(*case, {}) for case in CASES] + SIDE_CASES:
        with tempfile.TemporaryDirectory() as directory:
            write(directory, golden, family, settings, files)
            ours, _ = compare_tokenizers.encode_here(program, directory, texts)
            theirs = AutoTokenizer.from_pretrained(directory)(texts, return_offsets_mapping=True, return_token_type_ids=True)
        rows = zip(theirs["input_ids"], theirs["token_type_ids"], theirs["offset_mapping"])
        different = [t for t, a, (i, k, o) in zip(texts, ours, rows) if a != (i, k, [tuple(s) for s in o])]
        print(f"{family} {settings} {files}: {len(texts)} texts, {len(different)} differences {different[:3]}")
        wrong += len(different)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
