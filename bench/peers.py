"""Times the encoder beside OpenVINO and ONNX Runtime, one thread each, in turns:

    python3 bench/peers.py [--models T,S,M,MiniLM] [--points B1/L32,B32/L128,ragged/L128] [--rounds 5] [--json FILE]

Runs from the project's root after `sh cmake/install_dependencies.sh build bench`, builds what it measures, and keeps a virtual environment
with pinned versions of the peers in build/peers. No model is downloaded: peer_models.py writes the same BERT for both peers, with random
weights, in the operators that each of them has fused. Each peer is a process of its own that compares its outputs with
a reference in numpy before anything is timed; ours is seqguard_bench_encoder, which does likewise. OpenVINO has static shapes; of the
ragged batch peers get four batches of eight, sorted by length, which suits them best. CPU time; the best of the rounds. The machine is most
likely shared: only the ratios of one run should be quoted. Each row is
{"name": "encoder/MiniLM/B32/L128/bf16/1", "ms": .., "peer": "openvino-bf16", "peer_ms": .., "ratio": peer_ms / ms}.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys

from peer_tools import ROOT, build, environment, run

PINNED = ("numpy==2.4.6", "onnx==1.23.2", "onnxruntime==1.32.0", "openvino==2026.4.1")
# Which of our precisions a peer's is compared with.
PEERS = {"openvino-fp32": "fp32", "openvino-bf16": "bf16", "onnxruntime-fp32": "fp32", "onnxruntime-int8": "int8"}


def ours(program, model, point):
    """Milliseconds of a call by precision, of those that this CPU offers."""
    output = run([program, f"--benchmark_filter=^encoder/{model}/{point}/[a-z0-9]+/1$", "--benchmark_format=json", "--benchmark_min_time=0.3"])
    found = {}
    for row in json.loads(output)["benchmarks"]:
        if row.get("error_occurred"):
            sys.exit(f"peers.py: {row['name']}: {row['error_message']}")
        found[row["name"].split("/")[-2]] = row["cpu_time"] * {"ns": 1e-6, "us": 1e-3, "ms": 1}[row["time_unit"]]
    return found


class Peer:
    """A process that holds one model of one peer and times it when asked."""

    def __init__(self, python, kind, model):
        script = pathlib.Path(__file__).with_name("peer_models.py")
        self.process = subprocess.Popen([python, script, kind, model], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        env=dict(os.environ, OMP_NUM_THREADS="1"))
        self.ask("ready")

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            sys.exit(f"peers.py: {' '.join(map(str, self.process.args[1:]))} ended: see above")
        return json.loads(answer)

    def milliseconds(self, point):
        return self.ask(point)["ms"]

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def measure(program, python, model, points, rounds):
    peers = {kind: Peer(python, kind, model) for kind in PEERS}
    rows = []
    for point in points:
        best, best_of_peer = {}, {}
        for _ in range(rounds):
            for precision, ms in ours(program, model, point).items():
                best[precision] = min(ms, best.get(precision, ms))
            for kind, peer in peers.items():
                ms = peer.milliseconds(point)
                best_of_peer[kind] = min(ms, best_of_peer.get(kind, ms))
        for kind, precision in PEERS.items():
            if precision not in best:
                print(f"{model}/{point}: {precision} is not offered on this CPU: {kind} has nothing beside it")
                continue
            ratio = best_of_peer[kind] / best[precision]
            rows.append({"name": f"encoder/{model}/{point}/{precision}/1", "ms": best[precision], "peer": kind,
                         "peer_ms": best_of_peer[kind], "ratio": ratio})
            print(f"{rows[-1]['name']:34s} {best[precision]:9.4f} ms   {kind:17s} {best_of_peer[kind]:9.4f} ms   {ratio:5.2f}", flush=True)
    for peer in peers.values():
        peer.close()
    return rows


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--models", default="T,S,M,MiniLM")
    arguments.add_argument("--points", default="B1/L32,B32/L128,ragged/L128")
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--json", type=pathlib.Path, help="write the rows there")
    arguments = arguments.parse_args()
    folder = ROOT / "build/peers"
    folder.mkdir(parents=True, exist_ok=True)
    program, python = build("seqguard_bench_encoder") / "bench/seqguard_bench_encoder", environment(folder, PINNED)
    rows = []
    for model in arguments.models.split(","):
        rows += measure(program, python, model, arguments.points.split(","), arguments.rounds)
        if arguments.json:
            arguments.json.write_text("".join(json.dumps(row) + "\n" for row in rows))


if __name__ == "__main__":
    main()
