"""A probe file with mistakes: each is named with file, line and key, all at once."""

from __future__ import annotations

from contextlib import chdir
from pathlib import Path
from textwrap import dedent

import pytest
from click.testing import CliRunner

from auditor.battery.library import Library
from auditor.cli import cli
from auditor.errors import ProbeError

GOOD = """\
id: mine.refunds
title: Knows the refund rules
failure_title: Invents refund rules
description: Why it matters.
licence: Apache-2.0
tags: {battery: hallucination}
version: 1
data:
  items:
    - {id: one, text: First question?, reference: {answers: ["1"]}, tags: {topic: time}}
    - {id: two, text: Second question?, reference: {answers: ["2"]}, tags: {topic: money}}
grader: {name: facts}
metrics:
  - {name: hallucination_rate, of: [incorrect], better: lower, breakdown: [topic]}
severity: medium
"""


def mistakes(folder: Path, text: str, name: str = "refunds") -> list[str]:
    """Return the lines of the error that a probe file gives, without the folder."""
    path = folder / "mine" / f"{name}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(dedent(text), encoding="utf-8")
    library = Library((folder,))
    with pytest.raises(ProbeError) as caught:
        library.probe(f"mine.{name}")
    return str(caught.value).replace(f"{path.parent}/", "").splitlines()


def test_a_good_file_has_none(tmp_path: Path) -> None:
    path = tmp_path / "mine" / "refunds.yaml"
    path.parent.mkdir()
    path.write_text(GOOD)
    library = Library((tmp_path,))
    assert [item.item_id for item in library.items_of("mine.refunds")] == ["mine.refunds/one", "mine.refunds/two"]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (
            "severity: medium",
            "severity: mild",
            "refunds.yaml:15: severity: should be 'low', 'medium', 'high' or 'critical'",
        ),
        ("version: 1", "version: one", "refunds.yaml:7: version: should be a valid integer (found 'one')"),
        ("version: 1", "version: 0", "refunds.yaml:7: version: should be greater than or equal to 1 (found 0)"),
        ("licence: Apache-2.0", "license: Apache-2.0", "refunds.yaml:5: license: unknown key; did you mean 'licence'?"),
        ("title: Knows the refund rules\n", "", "refunds.yaml:1: the key 'title' is missing"),
        ("id: mine.refunds", "id: mine.returns", "refunds.yaml:1: id: is 'mine.returns', but the folder and file name"),
        ("{id: two,", "{id: one,", "refunds.yaml:11: data.items.1.id: the id 'one' is already used in line 10"),
        (
            "breakdown: [topic]",
            "breakdown: [topics]",
            "refunds.yaml:14: metrics.0.breakdown: no item has the tag 'topics'",
        ),
        ("of: [incorrect], ", "", "refunds.yaml:14: metrics.0: a rate counts labels"),
        ("{name: facts}", "{nam: facts}", "refunds.yaml:12: grader: the key 'name' is missing"),
        (
            "text: First question?",
            "tekst: First question?",
            "refunds.yaml:10: data.items.0.tekst: unknown key; did you mean 'text'?",
        ),
        ("  items:", "  itens:", "refunds.yaml:9: data.itens: unknown key; did you mean 'items'?"),
        *[
            (
                "battery: hallucination",
                tags,
                f"refunds.yaml:6: tags: 'battery' should be bias, hallucination, harm, or a name of your own; {found}",
            )
            for tags, found in (
                ("batery: hallucination", "it is missing"),
                ("battery: 3", "found 3"),
                ("battery: [harm]", "found ['harm']"),
                ("battery: null", "found None"),
                ("battery: ' '", "found ' '"),
            )
        ],
        *[
            (
                "battery: hallucination",
                f"battery: {odd}",
                f"tags.battery: battery '{odd}' is unknown; did you mean 'harm'?",
            )
            for odd in ("hram", "Harm", "HARM")
        ],
        ("text: First question?", 'text: ""', "refunds.yaml:10: data.items.0.text: should not be empty (found '')"),
        ("text: First question?", "turns: [a, ' ']", "data.items.0.turns.1: should not be empty"),
        ("grader:", "prompt: {user: Answer!}\ngrader:", "refunds.yaml:12: prompt.user: every item asks the same"),
        ("First question?", "Second question?", "refunds.yaml:8: data: every item asks the same"),
        (
            "{topic: time}",
            '{1: a, "1": b}',
            "refunds.yaml:10: data.items.0.tags.1: the key '1' is there twice, once as text",
        ),
        (
            "{topic: time}",
            "{null: a, None: b}",
            "refunds.yaml:10: data.items.0.tags.None: the key 'None' is there twice, once as text",
        ),
        ("title: Knows", "title: [Knows", "refunds.yaml:"),
    ],
)
def test_one_mistake_is_named(tmp_path: Path, before: str, after: str, expected: str) -> None:
    assert before in GOOD
    found = mistakes(tmp_path, GOOD.replace(before, after, 1))
    assert any(expected in line for line in found), found


def test_all_mistakes_come_at_once(tmp_path: Path) -> None:
    text = GOOD.replace("severity: medium", "severity: mild").replace("version: 1", "version: one")
    assert len(mistakes(tmp_path, text.replace("licence:", "license:"))) == 4


EVERYTHING_WRONG = """\
id: mine.returns
title: 3
failure_title: Invents refund rules
description: Why it matters.
license: Apache-2.0
tags: {batery: harm}
version: one
prompt: {user: "{passage} {text}"}
data:
  slots: {thing: [a, a]}
  family: thing
  items:
    - {id: one, text: "What is {thin}?", tags: {topic: time}}
    - {id: one, text: "Where is {thing}?"}
grader: {name: fakts}
metrics:
  - {name: hallucination_rate, of: [incorrect], better: lower, breakdown: [topics]}
  - {name: other_rate, better: lower}
severity: mild
"""


def test_mistakes_of_shape_meaning_and_grader_come_in_one_round(tmp_path: Path) -> None:
    path = tmp_path / "probes" / "mine" / "refunds.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(EVERYTHING_WRONG)
    with chdir(tmp_path):
        done = CliRunner().invoke(cli, ["probes", "check", str(path)])
    assert done.exit_code == 2
    found = [line.partition("refunds.yaml:")[2] for line in done.stderr.splitlines()]
    expected = (
        "1: id: is 'mine.returns'",
        "1: the key 'licence' is missing",
        "2: title: should be a valid string",
        "5: license: unknown key",
        "6: tags: 'battery' should be",
        "7: version: should be a valid integer",
        "8: prompt.user: nothing fills '{passage}'",
        "9: data: fewer than two families",
        "10: data.slots.thing: the value 'a' is there twice",
        "13: data.items.0.text: nothing fills '{thin}'",
        "14: data.items.1.id: the id 'one' is already used in line 13",
        "15: grader.name: grader 'fakts' is unknown; did you mean 'facts'?",
        "17: metrics.0.breakdown: no item has the tag 'topics'",
        "18: metrics.1: a rate counts labels",
        "19: severity: should be",
    )
    assert [start for start in expected if not any(line.startswith(start) for line in found)] == []
    assert len(set(found)) == len(found)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("text: First question?", "text: 5"),
        ("{topic: time}", "3"),
        ("data:\n", "data:\n  seed: x\n"),
        ("better: lower", "better: worse"),
        ("{name: facts}", "7"),
        ("{battery: hallucination}", "{battery: hallucination, x: 1}"),
        ("severity: medium", "severity: mild"),
    ],
)
def test_a_mistake_makes_no_other(tmp_path: Path, before: str, after: str) -> None:
    assert before in GOOD
    found = mistakes(tmp_path, GOOD.replace(before, after, 1))
    assert len({line.split(" ")[0] for line in found}) == 1, found


def test_a_probe_with_mistakes_hides_none_of_those_that_build_on_it(tmp_path: Path) -> None:
    mistakes(tmp_path, GOOD.replace("severity: medium", "severity: mild"), "broken")
    text = GOOD[: GOOD.index("data:")] + "data: {from: mine.broken}\n" + GOOD[GOOD.index("grader:") :]
    found = mistakes(tmp_path, text.replace("version: 1", "version: one"))
    assert found == [
        "refunds.yaml:7: version: should be a valid integer (found 'one')",
        "refunds.yaml:8: data.from: the file of 'mine.broken' has mistakes of its own",
    ]


def test_one_family_is_too_few(tmp_path: Path) -> None:
    text = GOOD.replace("tags: {topic: time}", "family: same").replace("tags: {topic: money}", "family: same")
    assert "fewer than two families" in mistakes(tmp_path, text.replace(", breakdown: [topic]", ""))[0]


def test_an_unknown_slot_is_named_with_the_nearest(tmp_path: Path) -> None:
    text = GOOD.replace("data:\n", "data:\n  slots: {thing: [a, b]}\n").replace("First question?", '"What is {thin}?"')
    found = mistakes(tmp_path, text.replace("Second question?", '"Where is {thing}?"'))
    assert "refunds.yaml:11: data.items.0.text: nothing fills '{thin}'; did you mean 'thing'?" in found
    assert "refunds.yaml:11: data.items.0.text: '{thing}' is not used" in found


def test_a_name_that_nothing_fills_in_the_prompt(tmp_path: Path) -> None:
    text = GOOD.replace("grader:", 'prompt: {user: "{passage} {text}"}\ngrader:')
    assert any("prompt.user: nothing fills '{passage}'" in line for line in mistakes(tmp_path, text))


def test_an_unknown_source_is_named(tmp_path: Path) -> None:
    text = GOOD[: GOOD.index("data:")] + "data: {from: mine.refunt}\n" + GOOD[GOOD.index("grader:") :]
    assert any(
        "probe 'mine.refunt' is unknown; did you mean 'mine.refunds'?" in line for line in mistakes(tmp_path, text)
    )


def test_duplicate_keys_and_hostile_yaml_are_refused(tmp_path: Path) -> None:
    assert "not valid YAML" in mistakes(tmp_path, GOOD + "severity: low\n")[0]
    planted = tmp_path / "planted"
    found = mistakes(tmp_path, f"{GOOD}x: !!python/object/apply:os.mkdir [{planted}]\n", "evil")
    assert any("evil.yaml:16: x: the tag '!!python/object/apply:os.mkdir' is not expected" in line for line in found)
    assert not planted.exists()
    with pytest.raises(ProbeError):
        (tmp_path / "mine" / "bytes.yaml").write_bytes(b"\xff\xfe\x00")
        Library((tmp_path,)).probe("mine.bytes")


def test_two_files_of_one_id(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        path = tmp_path / folder / "mine" / "refunds.yaml"
        path.parent.mkdir(parents=True)
        path.write_text(GOOD)
    with pytest.raises(ProbeError, match="the probe id 'mine.refunds' is taken by"):
        Library((tmp_path / "a", tmp_path / "b"))


def test_the_starter_passes_its_own_check(tmp_path: Path) -> None:
    from auditor.battery.starter import starter

    path = tmp_path / "support" / "refunds.yaml"
    path.parent.mkdir()
    path.write_text(starter("support.refunds"))
    assert len(Library((tmp_path,)).items_of("support.refunds")) == 2


def test_aliases_that_stand_for_billions_are_refused(tmp_path: Path) -> None:
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    rows += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    (found,) = mistakes(tmp_path, GOOD + "\n".join(rows))
    assert found.startswith("refunds.yaml:16: a5.")
    assert found.endswith(": its aliases stand for more than 1000000 values")


def test_an_alias_inside_itself_is_refused(tmp_path: Path) -> None:
    found = mistakes(tmp_path, GOOD + "x: &a [*a]\n")
    assert found[0].startswith("refunds.yaml:")


def test_slots_that_make_too_many_items_are_refused(tmp_path: Path) -> None:
    values = ", ".join(f"'{n}'" for n in range(10))
    slots = ", ".join(f"s{n}: [{values}]" for n in range(6))
    template = " ".join(f"{{s{n}}}" for n in range(6))
    text = GOOD[: GOOD.index("data:")] + f'data:\n  slots: {{{slots}}}\n  template: "{template}"\n'
    found = mistakes(tmp_path, text + GOOD[GOOD.index("grader:") :].replace(", breakdown: [topic]", ""))
    assert found == ["refunds.yaml:9: data.slots: the slots make 1000000 items; at most 100000 are allowed"]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("text: First question?", "turns: []", "data.items.0.turns"),
        ('reference: {answers: ["1"]}', 'reference: {answers: ["1"], x: .nan}', "nan is not a number that can be used"),
        ('reference: {answers: ["1"]}', "reference: {x: !!binary aGk=}", "put text in quotes"),
        ("version: 1", "version: !!bool foo", "refunds.yaml:7: version: cannot be read as true or false"),
    ],
)
def test_what_could_not_be_asked_or_kept_is_refused(tmp_path: Path, before: str, after: str, expected: str) -> None:
    assert before in GOOD
    assert any(expected in line for line in mistakes(tmp_path, GOOD.replace(before, after, 1)))


def test_a_link_to_itself_is_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "mine" / "loop.yaml"
    path.parent.mkdir()
    path.symlink_to(path)
    with pytest.raises(ProbeError, match=r"loop\.yaml: cannot be read"):
        Library((tmp_path,)).probe("mine.loop")


def test_a_key_cannot_forge_a_line(tmp_path: Path) -> None:
    found = mistakes(tmp_path, GOOD + '"x\\nError: forged": 1\n')
    assert len(found) == 1 and "Error: forged" in found[0]
