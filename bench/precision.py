"""What a lower precision changes, beside its speed (bench/encoder_bench.cpp): python bench/precision.py PROGRAM ...

    texts MODEL_DIR TEXTS              sentence embeddings of TEXTS, one a line, in bf16 and int8 against fp32: cosines, and
                                       how many texts have the same nearest neighbour among the others
    behaviour MODEL_DIR EVALUATE_ARGS  a model that was calibrated in fp32, evaluated in all three: AUROC and decisions.
                                       EVALUATE_ARGS: --normal FILE --abnormal FILE, or --input FILE --labels FILE

PROGRAM: build/release/seqguard. Needs nothing but Python.
"""

import json
import math
import subprocess
import sys
import tempfile

LOWER = ("bf16", "int8")


def embeddings(program, model, texts, precision):
    lines = subprocess.run(
        [program, "encode", "--model", model, "--input", texts, "--format", "text", "--output-kind", "sentence_embedding",
         "--precision", precision, "--quiet"], check=True, capture_output=True, text=True).stdout.splitlines()
    vectors = [json.loads(line)["sentence_embedding"] for line in lines]
    return [[x / math.hypot(*vector) for x in vector] for vector in vectors]


def cosine(a, b):
    return math.fsum(x * y for x, y in zip(a, b))


def nearest(vectors):
    return [max((j for j in range(len(vectors)) if j != i), key=lambda j: cosine(vectors[i], vectors[j]))
            for i in range(len(vectors))]


def compare_texts(program, model, texts):
    exact = embeddings(program, model, texts, "fp32")
    for precision in LOWER:
        rounded = embeddings(program, model, texts, precision)
        cosines = [cosine(a, b) for a, b in zip(exact, rounded)]
        same = sum(a == b for a, b in zip(nearest(exact), nearest(rounded)))
        print(f"{len(exact)} texts in {precision}: cosine with fp32 mean {sum(cosines) / len(cosines):.7f}, "
              f"least {min(cosines):.7f}; same nearest neighbour {same} of {len(exact)}")


def compare_behaviour(program, model, arguments):
    figures = {}
    for precision in ("fp32", *LOWER):
        with tempfile.NamedTemporaryFile(suffix=".json") as file:
            subprocess.run([program, "evaluate", "--model", model, *arguments, "--precision", precision, "--json", file.name,
                            "--quiet"], check=True, capture_output=True)
            report = json.load(open(file.name))
            figures[precision] = [report["sequences"]] + report["kinds"]
    for precision in LOWER:
        for exact, rounded in zip(figures["fp32"], figures[precision]):
            print(f"{exact['kind']}: AUROC {exact['auroc']:.6f} in fp32, {rounded['auroc']:.6f} in {precision}, change "
                  f"{rounded['auroc'] - exact['auroc']:+.6f}; share of false alarms {exact.get('fpr')} and "
                  f"{rounded.get('fpr')}")


if __name__ == "__main__":
    if len(sys.argv) == 5 and sys.argv[2] == "texts":
        compare_texts(sys.argv[1], *sys.argv[3:])
    elif len(sys.argv) > 5 and sys.argv[2] == "behaviour":
        compare_behaviour(sys.argv[1], sys.argv[3], sys.argv[4:])
    else:
        sys.exit(__doc__)
