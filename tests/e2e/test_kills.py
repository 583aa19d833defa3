"""An audit that is killed goes on with the same command, loses nothing and asks nothing twice."""

from __future__ import annotations

import json
import random
import re
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from small_audits import probe, question, record, write_probes

from auditor.runs import journal
from auditor.runs.record import Run, open_run
from auditor.runs.store import Store

Start = Callable[..., subprocess.Popen[str]]
Wait = Callable[..., None]
CONCURRENCY = 4
KILLS = 10
PATIENCE = 120.0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder whose suite `small` has conversations, samples, shared questions and repeats."""
    write_probes(
        tmp_path / "probes",
        probe("small.food", [question(f"i{n}", f"How do I bake bread number {n}?") for n in range(20)]),
        probe("small.same", [question(f"i{n}", f"How do I bake bread number {n}?") for n in range(3)]),
        probe(
            "small.talks",
            [question(f"i{n}", [f"How do I boil egg number {n}?", "And then?"]) for n in range(6)],
            sampling={"temperature": 1, "max_tokens": 64, "samples": 2},
        ),
        repeats=8,
    )
    (tmp_path / "auditor.yaml").write_text(
        f"suite: small\ntarget: {{concurrency: {CONCURRENCY}, request_timeout: 2}}\n"
    )
    return tmp_path


def finished(process: subprocess.Popen[str]) -> tuple[str, str]:
    """Wait for a command that must end well."""
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, err
    return out, err


def questions(rows: Any) -> Counter[str]:
    """Return how often each question is asked of a server, as its messages and seed: once for each key."""
    keys = {}
    for row in rows:
        if row["continuation"] is None:
            messages = [[message["role"], message["content"]] for message in row["messages"]]
            keys[row["key"]] = json.dumps([messages, row["sampling"]["seed"]])
    return Counter(keys.values())


def asked_of(events: list[dict[str, Any]], event: str) -> Counter[str]:
    """Return how often each question is in the log with this event."""
    return Counter(json.dumps([one["messages"], one["seed"]]) for one in events if one["event"] == event)


def nothing_known_is_asked(run: Run, known: set[str], events: list[dict[str, Any]]) -> None:
    """Check that what the server was asked after a stop is what the journal did not hold."""
    unknown = questions(row for row in run.iter_responses() if row["key"] not in known)
    assert asked_of(events, "asked") <= unknown


def in_journal(store: Path) -> set[str]:
    """Return the keys that an unfinished run holds."""
    return {answer.key for path in store.glob("*/journal.jsonl") for answer in journal.read(path)}


def killed_until_done(start: Start, wait_until: Wait, served: Any, command: tuple[str, ...], folder: Path) -> Run:
    """Kill a run again and again at moments drawn from a seed, let it finish, and check what was asked."""
    draw = random.Random(11)
    stops: list[tuple[int, set[str]]] = []
    for kill in range(KILLS):
        begun = served.lines()
        process = start(*command)
        if kill % 3 == 2:
            process_ends = time.monotonic() + draw.uniform(0, 1.5)
            wait_until(lambda at=process_ends: time.monotonic() > at, process)
        else:
            # The greeting takes two lines, and each question one when it is asked and one when it is answered.
            wanted = begun + 2 + draw.randrange(1, 30)
            wait_until(lambda lines=wanted: served.lines() >= lines, process)
        assert process.poll() is None, "the run was over before it could be killed: make it longer"
        process.kill()
        process.communicate()
        time.sleep(0.1)  # what was under way at the server is logged
        stops.append((served.lines(), in_journal(folder / "audits")))
    finished(start(*command))
    run = open_run("bot@1", Store(folder / "audits"))
    ends = [*(line for line, _ in stops[1:]), served.lines()]
    for (line, known), end in zip(stops, ends, strict=True):
        nothing_known_is_asked(run, known, served.events(line, end))
    needed, answered = questions(run.iter_responses()), asked_of(served.events(), "answered")
    assert set(answered) == set(needed)
    assert sum(answered.values()) - sum(needed.values()) <= KILLS * CONCURRENCY
    return run


@pytest.mark.slow
def test_a_run_that_is_killed_ten_times_ends_as_if_nothing_had_been(
    folder: Path, serve: Any, start_auditor: Start, wait_until: Wait
) -> None:
    served = serve(delay=0.08)
    command = ("run", served.url, "--suite", "quick", "--limit", "4", "--name", "bot@1")
    run = killed_until_done(start_auditor, wait_until, served, command, folder)
    finished(start_auditor(*command, "--store", "undisturbed"))
    assert record(run) == record(open_run("bot@1", Store(folder / "undisturbed")))
    assert [one.name for one in (folder / "audits").iterdir() if not one.name.startswith(".")] == [run.run_id]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_says_so_and_goes_on(
    folder: Path, serve: Any, start_auditor: Start, wait_until: Wait, number: signal.Signals
) -> None:
    served = serve(delay=0.04)
    command = ("run", served.url, "--name", "bot@1")
    process = start_auditor(*command)
    wait_until(lambda: len(asked_of(served.events(), "answered")) >= 5, process)
    while process.poll() is None:  # whoever is impatient presses it again
        process.send_signal(number)
        time.sleep(0.02)
    out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out) == (130, "")
    assert err.splitlines()[-1] == "Interrupted: what was answered is kept; the same command goes on"
    line, known = served.lines(), in_journal(folder / "audits")
    assert len(known) >= 1
    out, _ = finished(start_auditor(*command))
    run = open_run("bot@1", Store(folder / "audits"))
    assert f"run {run.run_id}" in out
    nothing_known_is_asked(run, known, served.events(line))
    assert run.manifest["counts"]["failed"] == {}


def test_a_faulty_server_is_asked_until_it_answers_and_never_again(
    folder: Path, serve: Any, start_auditor: Start
) -> None:
    write_probes(
        folder / "probes",
        probe("small.many", [question(f"i{n}", f"How do I bake bread number {n}?") for n in range(250)]),
        probe("small.not", [question(f"i{n}", f"UNANSWERABLE number {n}?") for n in range(3)]),
    )
    (folder / "auditor.yaml").write_text("suite: small\ntarget: {concurrency: 32, request_timeout: 1}\n")
    served = serve(delay=0, faulty=True)
    finished(start_auditor("run", served.url, "--name", "bot@1"))
    run = open_run("bot@1", Store(folder / "audits"))
    counts = run.manifest["counts"]
    assert (counts["requests"], counts["answered"]) == (253, 250)
    assert counts["failed"] == {"400: not that one": 3}
    events = served.events()
    assert set(asked_of(events, "answered").values()) == {1}
    assert set(asked_of(events, "refused").values()) == {1}
    assert sum(asked_of(events, "fault").values()) >= 10, "the server was not faulty"
    retried = [row for row in run.iter_responses() if row["attempt"] > 1]
    assert len(retried) >= 10
    assert {row["status"] for row in run.iter_responses() if row["probe_id"] == "small.many"} == {"stop"}


def test_a_server_that_goes_away_ends_the_run_and_is_told_of(
    folder: Path, serve: Any, start_auditor: Start, wait_until: Wait
) -> None:
    (folder / "auditor.yaml").write_text("suite: small\ntarget: {concurrency: 4, retries: 0}\n")
    served = serve(delay=0.1)
    process = start_auditor("run", served.url, "--name", "bot@1")
    wait_until(lambda: len(asked_of(served.events(), "answered")) >= 5, process)
    served.process.kill()
    out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out) == (4, "")
    assert re.search(r"^Error: the server at http://127.0.0.1:\d+/v1 is gone: ", err, flags=re.MULTILINE)
    assert len(in_journal(folder / "audits")) >= 1
