"""Time and memory of `auditor compare` for two runs of 100,000 items, against only reading their verdicts."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

from rig.audit import AUDITOR, audit
from rig.process import Used, run
from rig.recording import Questions

TOPICS = 20
RIGHT = (0.95, 0.93)
MIB = 1 << 20
READ = """\
import gzip, json, sys
for path in sys.argv[1:]:
    with gzip.open(path) as file:
        rows = [json.loads(line) for line in file]
"""


def main(items: int) -> None:
    """Audit two recordings, compare them, and print what that took."""
    questions = Questions(items, TOPICS)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        chosen = questions.write_probes(folder)
        runs = [audit(_record(questions, folder, side), *chosen, folder=folder).path for side in range(len(RIGHT))]
        files = [path / f"{kind}.jsonl.gz" for path in runs for kind in ("items", "verdicts")]
        bare = run([sys.executable, "-c", READ, *files], cwd=folder)
        compared = run([AUDITOR, "compare", *runs, "-f", "json"], cwd=folder)
    for told, used in (("reading", bare), ("compare", compared)):
        print(f"{told}: {_told(used)}")
    differences = len(json.loads(compared.output)["comparisons"][0]["differences"])
    print(f"{differences} numbers of {items} items compared: {compared.wall / bare.wall:.1f}x of reading")


def _record(questions: Questions, folder: Path, side: int) -> Path:
    path = folder / f"{side}.jsonl"
    questions.record(path, side, lambda drawn: "Paris" if drawn.random() < RIGHT[side] else "Lyon")
    return path


def _told(used: Used) -> str:
    return f"{used.wall:.1f} s, {used.cpu:.1f} s of CPU, {used.peak / MIB:.0f} MiB"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=100_000, help="items of each run [default: 100000]")
    main(parser.parse_args().items)
