"""Time and memory of `auditor compare` for two runs of 100,000 items, against only reading their verdicts."""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
from pathlib import Path

from rig.audit import AUDITOR, audit
from rig.process import Used, run

PROBES = 10
TOPICS = 20
"""Items of a family, one of each topic; each topic is a cell."""
RIGHT = {"base": 0.95, "candidate": 0.93}
MIB = 1 << 20
QUESTION = "Question {number} of {probe} about {topic}: what is the capital of France?"
PROBE = """\
id: bench.{probe}
title: Knows the capital of France
failure_title: Does not know the capital of France
description: One question under many numbers, to measure the auditor with.
licence: Apache-2.0
tags: {{battery: hallucination}}
version: 1
data:
  items:
    - {{id: q, text: {question}, reference: {{answers: [Paris]}}}}
  slots:
    number: {numbers}
    topic: {topics}
  family: number
grader: {{name: facts}}
metrics:
  - {{name: accuracy, of: [correct], better: higher, breakdown: [topic]}}
severity: low
"""
READ = """\
import gzip, json, sys
for path in sys.argv[1:]:
    with gzip.open(path) as file:
        rows = [json.loads(line) for line in file]
"""


def main(items: int) -> None:
    """Audit two recordings, compare them, and print what that took."""
    numbers = [f"n{number}" for number in range(items // PROBES // TOPICS)]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        chosen = [argument for number in range(PROBES) for argument in ("--probe", _write(folder, number, numbers))]
        runs = [audit(_record(folder, side, numbers), *chosen, folder=folder).path for side in RIGHT]
        files = [path / f"{kind}.jsonl.gz" for path in runs for kind in ("items", "verdicts")]
        bare = run([sys.executable, "-c", READ, *files], cwd=folder)
        compared = run([AUDITOR, "compare", *runs, "-f", "json"], cwd=folder)
    for told, used in (("reading", bare), ("compare", compared)):
        print(f"{told}: {_told(used)}")
    differences = len(json.loads(compared.output)["comparisons"][0]["differences"])
    print(f"{differences} numbers of {items} items compared: {compared.wall / bare.wall:.1f}x of reading")


def _write(folder: Path, number: int, numbers: list[str]) -> Path:
    path = folder / "bench" / f"p{number}.yaml"
    path.parent.mkdir(exist_ok=True)
    question = json.dumps(QUESTION.replace("{probe}", f"p{number}"))
    topics = [f"t{topic}" for topic in range(TOPICS)]
    path.write_text(PROBE.format(probe=f"p{number}", question=question, numbers=numbers, topics=topics))
    return path


def _record(folder: Path, side: str, numbers: list[str]) -> Path:
    drawn = random.Random(side)  # noqa: S311 - which answers are wrong is no secret
    path = folder / f"{side}.jsonl"
    with path.open("w") as file:
        for probe in range(PROBES):
            for number in numbers:
                for topic in range(TOPICS):
                    prompt = QUESTION.format(number=number, probe=f"p{probe}", topic=f"t{topic}")
                    answer = "Paris" if drawn.random() < RIGHT[side] else "Lyon"
                    file.write(json.dumps({"prompt": prompt, "response": answer}) + "\n")
    return path


def _told(used: Used) -> str:
    return f"{used.wall:.1f} s, {used.cpu:.1f} s of CPU, {used.peak / MIB:.0f} MiB"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=100_000, help="items of each run [default: 100000]")
    main(parser.parse_args().items)
