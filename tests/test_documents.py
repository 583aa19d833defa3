"""YAML that is odd, hostile or mistaken: what is wrong is said with file, line and key, and nothing breaks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from auditor.battery.library import Library
from auditor.battery.schema import SuiteDoc
from auditor.battery.suites import read_suite
from auditor.config import read_config
from auditor.documents import Document, Text, plain, read, read_source
from auditor.errors import AuditorError, ConfigError, ProbeError
from auditor.policy import read_policy
from auditor.runs.baseline import read_baseline
from auditor.target import read_target

PROBE = """\
id: mine.odd
title: T
failure_title: F
description: D
licence: CC0
tags: {battery: harm}
version: 1
data:
  items:
    - {id: a, text: One?, tags: {topic: x}}
    - {id: b, text: Two?, tags: {topic: y}}
prompt: {user: "{text}", few_shot: [{user: u, assistant: v}]}
grader: {name: refusal}
metrics:
  - {name: rate, of: [full_compliance], better: lower, breakdown: [topic]}
severity: low
"""
POLICY = """\
suite: small
probes: [mine.odd]
rules:
  - {id: a, metric: x/y, at_most: 0.1}
missing: {engine: drop}
anchor: {run: bot@1, budget: 0.1}
waivers:
  - {rule: a, reason: known, approved_by: me, expires: 2027-01-31}
"""
TARGET = """\
model: said.jsonl
template_args: {thinking: [true]}
sampling: {temperature: 0.5, stop: [x]}
"""
CONFIG = """\
store: audits
probes: []
prices:
  default: {per_hour: 1.5}
target:
  sampling: {stop: [a]}
"""
SUITE = """\
id: small
title: T
description: D
version: 1
probes:
  - {probe: mine.odd, version: 1}
pooled:
  - {battery: harm, metric: rate, weights: {mine.odd: 1.0}}
"""
BASELINE = """\
run: one
model: bot@1
fingerprint: f
suite: s
suite_hash: h
date: 2026-01-01
seal: abc
"""
FILES = {
    "mine/odd.yaml": PROBE,
    "policy.yaml": POLICY,
    "target.yaml": TARGET,
    "auditor.yaml": CONFIG,
    "suites/small.yaml": SUITE,
    "baseline.yaml": BASELINE,
}
TAGS = ["!foo", "!!str", "!!set", "!!map", "!!python/tuple"]


def opened(file: Path) -> Any:
    """Read one of the files as its command does."""
    match file.name:
        case "odd.yaml":
            return Library((file.parent.parent,)).probe("mine.odd")
        case "policy.yaml":
            return read_policy(file)
        case "target.yaml":
            return read_target(str(file))
        case "auditor.yaml":
            return read_config(file)
        case "baseline.yaml":
            return read_baseline(file.parent)
        case _:
            return read_suite(str(file), Library((file.parent.parent,)))


def places(text: str) -> list[int]:
    """Return where a value begins: behind a colon, a dash or a bracket."""
    return [place for place in range(1, len(text)) if text[place - 1] in " \n[{" and text[place] not in "# \n"]


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("odd", [*TAGS, "<<:", "&a", "? !foo", "*a", "!!float .nan", "- ", "&a [*a, "])
def test_whatever_is_put_anywhere_in_a_file_is_a_mistake_of_the_file(tmp_path: Path, name: str, odd: str) -> None:
    for path, text in FILES.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
    file = tmp_path / name
    text = FILES[name]
    opened(file)
    for place in places(text):
        file.write_text(f"{text[:place]}{odd} {text[place:]}")
        try:
            opened(file)
        except AuditorError as problem:
            assert str(problem).startswith(f"{file}:"), problem


class Doc(Document):
    """A file of every plain type."""

    text: Text = "x"
    flag: bool = False
    number: int = 0
    share: float = 0.0
    rows: list[Any] = []
    any: dict[str, Any] = {}


def refusal(folder: Path, text: str) -> str:
    """Return what is said of a file, without its folder."""
    (folder / "x.yaml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        read(folder / "x.yaml", Doc, ConfigError)
    return str(caught.value).replace(f"{folder}/", "")


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("\nany: {a: [1, .nan]}", "x.yaml:2: any.a.1: nan is not a number that can be used"),
        ("any: {a: 1e999}", "x.yaml:1: any.a: inf is not a number that can be used"),
        (
            "any:\n  a: !foo b",
            "x.yaml:2: any.a: the tag '!foo' is not expected; leave it out, or put text in quotes",
        ),
        (
            "rows: !foo [1]",
            "x.yaml:1: rows: the tag '!foo' is not expected; leave it out, or put text in quotes",
        ),
        (
            "any:\n  a: !!set {b}",
            "x.yaml:2: any.a: the tag '!!set' is not expected; leave it out, or put text in quotes",
        ),
        (
            f"any:\n  a: {'1' * 5000}",
            "x.yaml:2: any.a: cannot be read as an integer; put text in quotes",
        ),
        (
            f"number: 0x{'f' * 5000}",
            "x.yaml:1: number: an integer of more than 64 bits is not a number that can be used; put text in quotes",
        ),
        ("flag: !!bool foo", "x.yaml:1: flag: cannot be read as true or false; put text in quotes"),
        ("number: 2027-13-01", "x.yaml:1: number: should be a valid integer (found '2027-13-01')"),
        ("any: &a\n  b: 1\n  c: *a", "x.yaml:3: any.c: an alias is inside what it stands for"),
        ("? !foo a\n: 1", "x.yaml:1: a key: the tag '!foo' is not expected; leave it out, or put text in quotes"),
        ("a: " + "[" * 600, "x.yaml: not valid YAML: nested too deeply"),
        ("any: {<<: !x {a: 1}}", "x.yaml:1: any: '<<' merges mappings without tags, none of which it is in"),
        ("any: &a {<<: *a}", "x.yaml:1: any: '<<' merges mappings without tags, none of which it is in"),
        ("any: {<<: [{a: 1}, 3]}", "x.yaml:1: any: '<<' merges mappings without tags, none of which it is in"),
        ("text: \u200b", "x.yaml:1: text: should hold a letter, a digit or another sign that can be seen"),
        ("text: \u3164", "x.yaml:1: text: should hold a letter, a digit or another sign that can be seen"),
    ],
)
def test_where_it_is_and_what(tmp_path: Path, text: str, fact: str) -> None:
    assert refusal(tmp_path, text).startswith(fact)


def test_several_unusable_values_are_named_at_once(tmp_path: Path) -> None:
    assert refusal(tmp_path, "text: !a b\nshare: .inf\nflag: !!bool 7").count("\n") == 2


def test_a_date_is_text_and_what_has_an_anchor_keeps_its_type(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text("text: 2027-13-01\nflag: &a true\nany: {b: *a, c: !!str 5, d: &d 7, e: *d}\n")
    found = read(tmp_path / "x.yaml", Doc, ConfigError)
    assert (found.text, found.flag, found.any) == ("2027-13-01", True, {"b": True, "c": "5", "d": 7, "e": 7})


def test_a_merged_key_has_the_line_of_what_it_was_merged_into(tmp_path: Path) -> None:
    text = "any:\n  a: &a {number: x}\n<<: *a\n"
    assert "number: should be a valid integer (found 'x')" in refusal(tmp_path, text)


YAML_TEXTS = st.text(alphabet="ab:-[]{}!&*<,?#|>'\"%@ \n0.~=", max_size=40)


PIECES = [
    "a: ",
    "b: ",
    "<<: ",
    "!x ",
    "!!map ",
    "!!int ",
    "&a ",
    "*a",
    "{",
    "}",
    "[",
    "]",
    ", ",
    "\n",
    "  ",
    "- ",
    "? ",
    "1",
    "x",
]
YAML_PIECES = st.lists(st.sampled_from(PIECES), max_size=16).map("".join)


@settings(max_examples=300, deadline=None)
@given(YAML_TEXTS | YAML_PIECES)
def test_any_text_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_text(text)
    try:
        plain(read_source(path, ConfigError).data)
        read(path, SuiteDoc, ConfigError)
    except (ConfigError, ValueError):
        pass


SHIPPED = sorted((Path(__file__).parents[1] / "probes").glob("*/*.yaml"))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_shipped_file_says_what_another_reader_reads(path: Path) -> None:
    said = plain(read_source(path, ProbeError).data)
    assert said == YAML(typ="safe").load(path.read_text("utf-8"))


@pytest.mark.parametrize("style", [">", ">-", "|", "|-"])
def test_a_block_of_text_is_its_lines(tmp_path: Path, style: str) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(f"text: {style}\n  one\n  two\n\n  three\n")
    assert plain(read_source(path, ProbeError).data) == YAML(typ="safe").load(path.read_text())
