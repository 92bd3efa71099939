"""Sentence embeddings of 200 texts by `seqguard encode --format text` and by transformers with mean pooling and normalising.

    compare_sentences.py PROGRAM DIR        DIR: a sentence-transformers directory with these two modules (all-MiniLM-L6-v2)

Reference: float64 from the stored weights, transformers' own tokenizer, cut to max_seq_length. Bound: 1e-5 absolute; the vectors
have length 1.
"""
import json
import pathlib
import random
import subprocess
import sys

import numpy
import torch
import transformers

BOUND = 1e-5
WORDS = ("the a user item clicked bought returned refund cheap offer free shipping delay great terrible service account password "
         "caf\u00e9 na\u00efve stra\u00dfe \u4f60\u597d \u043f\u0440\u0438\u0432\u0435\u0442 \u0645\u0631\u062d\u0628\u0627 \U0001F600 42 3.14 C++ don't e-mail www.example.org").split()


def main():
    program, directory = sys.argv[1], pathlib.Path(sys.argv[2])
    generator = random.Random(11)
    texts = [" ".join(generator.choices(WORDS, k=int(generator.expovariate(1 / 20)) + 1)) for _ in range(199)] + [" ".join(WORDS * 30)]
    answer = subprocess.run([program, "encode", "--model", str(directory), "--format", "text", "--output-kind", "sentence_embedding"],
                            input="".join(text + "\n" for text in texts), capture_output=True, text=True)
    if answer.returncode != 0:
        sys.exit(f"seqguard encode ended with {answer.returncode}: {answer.stderr}")
    lines = [json.loads(line) for line in answer.stdout.splitlines()]
    longest = json.loads((directory / "sentence_bert_config.json").read_text())["max_seq_length"]
    tokenizer = transformers.AutoTokenizer.from_pretrained(directory)
    model = transformers.AutoModel.from_pretrained(directory, attn_implementation="eager").double().eval()
    worst = 0.0
    for text, line in zip(texts, lines, strict=True):
        inputs = tokenizer(text, truncation=True, max_length=longest, return_tensors="pt")
        if inputs["input_ids"][0].tolist() != line["input_ids"]:
            sys.exit(f"other ids for {text!r}")
        with torch.no_grad():
            mean = model(**inputs).last_hidden_state[0].mean(0)
        expected = torch.nn.functional.normalize(mean, dim=0).numpy()
        worst = max(worst, numpy.abs(expected - numpy.asarray(line["sentence_embedding"])).max())
    print(f"{directory.name}: sentence embeddings of {len(texts)} texts, largest difference {worst:.1e}, bound {BOUND:.0e}")
    if not worst <= BOUND:
        sys.exit("too large")


if __name__ == "__main__":
    main()
