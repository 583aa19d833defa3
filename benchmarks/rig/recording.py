"""Recordings to audit without a model: ten probes that ask one question under many numbers and topics."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

PROBES = 10
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


@dataclass(frozen=True, slots=True)
class Questions:
    """So many items, with as many topics in each family; each topic is a cell."""

    items: int
    topics: int

    @property
    def numbers(self) -> list[str]:
        """Names of the families of a probe."""
        return [f"n{number}" for number in range(self.items // PROBES // self.topics)]

    @property
    def texts(self) -> Iterator[str]:
        """Every question."""
        for probe in range(PROBES):
            for number in self.numbers:
                for topic in range(self.topics):
                    yield QUESTION.format(number=number, probe=f"p{probe}", topic=f"t{topic}")

    def write_probes(self, folder: Path) -> list[str | Path]:
        """Write the probe files and return the options that choose them."""
        return [option for place in range(PROBES) for option in ("--probe", self._write_probe(folder, f"p{place}"))]

    def _write_probe(self, folder: Path, name: str) -> Path:
        path = folder / "bench" / f"{name}.yaml"
        path.parent.mkdir(exist_ok=True)
        question = json.dumps(QUESTION.replace("{probe}", name))
        topics = [f"t{topic}" for topic in range(self.topics)]
        path.write_text(PROBE.format(probe=name, question=question, numbers=self.numbers, topics=topics))
        return path

    def record(self, path: Path, seed: int, answer: Callable[[random.Random], str]) -> list[str]:
        """Write what a model answered to every question, and return the answers."""
        drawn = random.Random(seed)  # noqa: S311 - which answers are wrong is no secret
        answers = []
        with path.open("w") as file:
            for text in self.texts:
                answers.append(answer(drawn))
                file.write(json.dumps({"prompt": text, "response": answers[-1]}) + "\n")
        return answers
