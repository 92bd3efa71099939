"""Measures a tokenizer here and in the Hugging Face package, one thread each, in the same run.

    python bench/tokenizer_speed.py BENCH TOKENIZER_DIR     BENCH: seqguard_bench_tokenizer

2,000 English texts of 128 characters. The package is called through encode_batch (offsets and all) and encode_batch_fast (which
leaves offsets and tokens out), with RAYON_NUM_THREADS=1; the better of the two counts. Rounds alternate; medians are printed.
"""

import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time

os.environ["RAYON_NUM_THREADS"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"

from tokenizers import Tokenizer

WORDS = """the of and delivery was late again customer service, did not answer my question about refund. Great price but quality
terrible! don't buy from seller 2024 unbelievable I'm very happy with this purchase (really) shipping internationalization best ever
Anomalies in behaviour sequences are found, explained and repaired; café naïve""".split()


def main(bench, directory):
    rng = random.Random(1)
    texts = [" ".join(rng.choice(WORDS) for _ in range(40))[:128] for _ in range(2000)]
    tokenizer = Tokenizer.from_file(os.path.join(directory, "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    seconds = {"encode_batch": [], "encode_batch_fast": [], "seqguard": []}
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("\n".join(texts) + "\n")
        file.flush()
        environment = dict(os.environ, SEQGUARD_BENCH_TOKENIZER=directory, SEQGUARD_BENCH_TEXTS=file.name)
        for _ in range(7):
            for name in ("encode_batch", "encode_batch_fast"):
                call = getattr(tokenizer, name)
                start = time.process_time()
                call(texts)
                seconds[name].append(time.process_time() - start)
            output = subprocess.run([bench, "--benchmark_format=json", "--benchmark_filter=given/given", "--benchmark_min_time=0.2"],
                                    env=environment, capture_output=True, check=True, text=True).stdout
            seconds["seqguard"].append(json.loads(output)["benchmarks"][0]["cpu_time"] * 1e-6)
    rates = {name: len(texts) / statistics.median(values) for name, values in seconds.items()}
    for name, rate in rates.items():
        print(f"{name:20s} {rate:12.0f} texts/s  {1e6 / rate:8.2f} us/text")
    print(f"seqguard is {rates['seqguard'] / max(rates['encode_batch'], rates['encode_batch_fast']):.1f} times as fast")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
