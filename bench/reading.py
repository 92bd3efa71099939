"""How fast files of events are read, beside pandas, polars and pyarrow: python3 bench/reading.py [--users N] [--json FILE]

Runs from the project's root after `sh cmake/install_dependencies.sh build bench`, builds what it measures, and keeps a virtual environment
with pinned versions of the peers and the files (the simulated shop of N users, default 50,000: 2.2 million rows, 109 MB of CSV) in
build/reading. One thread each, CPU seconds, in turns; the median of five rounds. Ours is the whole way from the file to encoded sequences
(columns inferred, times parsed, rows grouped by user and put in order, vocabularies, numbers in buckets); that of the peers ends at a table
of columns whose times are text. Every round must find the same rows and users.
"""

import argparse
import json
import os
import pathlib
import statistics
import sys

from peer_tools import ROOT, build, environment, run

PINNED = ("pandas==3.1.1", "polars==2.1.0", "pyarrow==26.0.1")
ROUNDS = 5
ONE_THREAD = {name: "1" for name in ("POLARS_MAX_THREADS", "OMP_NUM_THREADS", "ARROW_NUM_THREADS")}

# Runs in the peers' environment: reads the file once and tells CPU seconds, rows and users.
PEER = """
import json, sys, time
peer, path = sys.argv[1:]
if peer == "pandas":
    import pandas
    read = lambda: pandas.read_csv(path) if path.endswith(".csv") else pandas.read_json(path, lines=True)
    users = lambda table: table["user"].nunique()
elif peer == "polars":
    import polars
    read = lambda: polars.read_csv(path) if path.endswith(".csv") else polars.read_ndjson(path)
    users = lambda table: table["user"].n_unique()
else:
    import pyarrow, pyarrow.compute, pyarrow.csv, pyarrow.json
    pyarrow.set_cpu_count(1)
    read = lambda: (pyarrow.csv.read_csv(path, read_options=pyarrow.csv.ReadOptions(use_threads=False)) if path.endswith(".csv")
                    else pyarrow.json.read_json(path, read_options=pyarrow.json.ReadOptions(use_threads=False)))
    users = lambda table: pyarrow.compute.count_distinct(table["user"]).as_py()
start = time.process_time()
table = read()
seconds = time.process_time() - start
print(json.dumps({"rows": len(table), "sequences": users(table), "seconds": seconds}))
"""


def number(text):
    """A number where the text is one."""
    try:
        return float(text) if "." in text else int(text)
    except ValueError:
        return text or None


def files(release, folder, users):
    """The shop's log as CSV, and the same rows as JSON lines."""
    shop = folder / f"shop-{users}"
    if not (shop / "events.jsonl").exists():
        run([release / "seqguard", "simulate", "--users", str(users), "--seed", "1", "--output", shop, "--quiet"])
        with open(shop / "events.csv") as rows, open(shop / "events.jsonl.part", "w") as lines:
            names = rows.readline().rstrip("\n").split(",")
            for row in rows:
                values = [number(value) for value in row.rstrip("\n").split(",")]
                lines.write(json.dumps(dict(zip(names, values)), separators=(",", ":")) + "\n")
        (shop / "events.jsonl.part").rename(shop / "events.jsonl")
    return shop / "events.csv", shop / "events.jsonl"


def measure(release, python, path):
    """Medians of the CPU seconds of each reader, which must agree about the file."""
    seconds, found = {}, set()
    for _ in range(ROUNDS):
        ours = json.loads(run([release / "bench/seqguard_reading", path]))
        found.add((ours["rows"], ours["sequences"]))
        seconds.setdefault("seqguard, read", []).append(ours["read_s"])
        seconds.setdefault("seqguard, read and encoded", []).append(ours["read_s"] + ours["encode_s"])
        for peer in ("pandas", "polars", "pyarrow"):
            theirs = json.loads(run([python, "-c", PEER, peer, str(path)], env=dict(os.environ, **ONE_THREAD)))
            found.add((theirs["rows"], theirs["sequences"]))
            seconds.setdefault(peer, []).append(theirs["seconds"])
    if len(found) != 1:
        sys.exit(f"{path}: rows and users differ: {sorted(found)}")
    return {name: statistics.median(values) for name, values in seconds.items()}


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--users", type=int, default=50_000)
    arguments.add_argument("--json", type=pathlib.Path, help="write the rows there")
    arguments = arguments.parse_args()
    folder = ROOT / "build/reading"
    folder.mkdir(parents=True, exist_ok=True)
    release, python = build("seqguard_reading", "seqguard_program"), environment(folder, PINNED)
    rows = []
    for path in files(release, folder, arguments.users):
        size = path.stat().st_size
        medians = measure(release, python, path)
        ours = medians["seqguard, read and encoded"]
        for name, seconds in medians.items():
            rows.append({"name": f"reading/{path.suffix[1:]}", "reader": name, "s": seconds, "MB_per_s": size / 1e6 / seconds,
                         "ratio": seconds / ours})
            print(f"{path.suffix[1:]:6s} {name:28s} {seconds:7.3f} s {size / 1e6 / seconds:7.0f} MB/s  {seconds / ours:5.2f} of ours")
    if arguments.json:
        arguments.json.write_text("".join(json.dumps(row) + "\n" for row in rows))


if __name__ == "__main__":
    main()
