"""Measures sentence embeddings here, in PyTorch and in ONNX Runtime, one thread each, in the same run.

    python bench/text_speed.py BENCH MODEL_DIR     BENCH: seqguard_bench_text; MODEL_DIR: mean pooling and normalising, like all-MiniLM-L6-v2

Needs torch, transformers, onnxruntime, onnx and onnxscript. 256 English texts of 128 characters, tokenizer included, one text a call
and 32 a call (peers) or all in one call (here). The embeddings of the peers are compared here, ours by tests/interop.sh. Rounds alternate;
medians of CPU time are printed.
"""

import json
import os
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile
import time

for name in ("RAYON_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ[name] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"

import numpy
import onnxruntime
import torch
import transformers

from tokenizer_speed import WORDS

TEXTS, ROUNDS, BOUND = 256, 3, 1e-5


class Encoder(torch.nn.Module):
    """Last hidden states; three inputs by position, as the export wants them."""

    def __init__(self, directory):
        super().__init__()
        self.model = transformers.AutoModel.from_pretrained(directory)

    def forward(self, input_ids, attention_mask, token_type_ids):
        return self.model(input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids).last_hidden_state


def onnx_session(encoder, inputs, path):
    axes = {name: {0: "batch", 1: "length"} for name in inputs}
    torch.onnx.export(encoder, tuple(inputs.values()), path, input_names=list(inputs), output_names=["hidden"], dynamic_axes=axes, dynamo=False)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def pooled(hidden, mask):
    mean = (hidden * mask[:, :, None]).sum(1) / mask.sum(1, keepdims=True)
    return mean / numpy.linalg.norm(mean, axis=1, keepdims=True)


def main(bench, directory):
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    rng = random.Random(1)
    texts = [" ".join(rng.choice(WORDS) for _ in range(40))[:128] for _ in range(TEXTS)]
    tokenizer = transformers.AutoTokenizer.from_pretrained(directory)
    encoder = Encoder(directory).eval()

    def tokens(batch, kind):
        got = tokenizer(batch, padding=True, truncation=True, max_length=256, return_tensors=kind)
        return {name: got[name] for name in ("input_ids", "attention_mask", "token_type_ids")}

    def by_torch(batch):
        inputs = tokens(batch, "pt")
        return pooled(encoder(*inputs.values()).numpy(), inputs["attention_mask"].numpy())

    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        session = onnx_session(encoder, tokens(texts[:2], "pt"), str(folder / "model.onnx"))

        def by_onnx(batch):
            inputs = tokens(batch, "np")
            return pooled(session.run(None, inputs)[0], inputs["attention_mask"])

        (folder / "texts").write_text("\n".join(texts) + "\n")
        seconds = {}
        environment = dict(os.environ, SEQGUARD_BENCH_MODEL=directory, SEQGUARD_BENCH_TEXTS=str(folder / "texts"))
        reference = numpy.concatenate([by_torch([text]) for text in texts])
        for _ in range(ROUNDS):
            for name, call in (("PyTorch", by_torch), ("ONNX Runtime", by_onnx)):
                for size in (1, 32):
                    start = time.process_time()
                    out = numpy.concatenate([call(texts[i:i + size]) for i in range(0, TEXTS, size)])
                    seconds.setdefault(f"{name}, {size} a call", []).append(time.process_time() - start)
                    if not numpy.abs(out - reference).max() <= BOUND:
                        sys.exit(f"{name}: other embeddings")
            output = subprocess.run([bench, "--benchmark_format=json", "--benchmark_filter=/1$", "--benchmark_min_time=1"],
                                    env=environment, capture_output=True, check=True, text=True).stdout
            for row in json.loads(output)["benchmarks"]:
                if row.get("error_occurred"):
                    sys.exit(row["error_message"])
                how = "1 a call" if row["name"].endswith("/one/1") else "all in one call"
                seconds.setdefault(f"seqguard, {how}", []).append(row["cpu_time"] * 1e-3)
    rates = {name: TEXTS / statistics.median(values) for name, values in seconds.items()}
    for name, rate in rates.items():
        print(f"{name:28s} {rate:8.0f} texts/s  {1e3 / rate:7.2f} ms/text")
    ours = {name: rate for name, rate in rates.items() if name.startswith("seqguard")}
    best = max(rate for name, rate in rates.items() if name not in ours)
    print(f"seqguard is {max(ours.values()) / best:.2f} times as fast as the best of the others")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
