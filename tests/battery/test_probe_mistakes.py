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


MANY = """\
id: mine.refunds
title: Knows
failure_title: Invents
description: Why.
licence: CC0
tags: {battery: harm}
version: 1
data:
  slots: {group: [{id: a, text: one}, {id: b, text: two}, 5]}
  items:
    - {id: a, text: "hi {grup} {"}
    - {id: b c, text: "hi {group}", tags: {x: [1]}}
    - {id: d, text: "hi {group}", tags: {real: "yes"}}
prompt: {user: "{nope} {text}", few_shot: [{user: x}]}
grader: {name: refusal}
metrics:
  - {name: r, of: [full_complianc], better: lowest, breakdown: [nix, real, group], where: {zz: "yes", real: "no"}}
  - {name: r, kind: ratee}
severity: low
"""


def checked(path: Path) -> list[str]:
    """Return what `probes check` says of a file, without its folder."""
    with chdir(path.parent):
        done = CliRunner().invoke(cli, ["probes", "check", path.name])
    assert done.exit_code == 2
    lines = [line.partition(f"{path.name}:")[2] for line in done.stderr.splitlines()]
    return [line for line in lines if line]


def test_what_can_be_told_of_damaged_items_and_metrics_is_told(tmp_path: Path) -> None:
    path = tmp_path / "mine" / "refunds.yaml"
    path.parent.mkdir()
    path.write_text(MANY)
    found = checked(path)
    expected = (
        "9: data.slots.group.2: ",
        "11: data.items.0.text: a brace stands alone",
        "11: data.items.0.text: nothing fills '{grup}'; did you mean 'group'?",
        "12: data.items.1.id: ",
        "12: data.items.1.tags.x: ",
        "14: prompt.few_shot.0: the key 'assistant' is missing",
        "14: prompt.user: nothing fills '{nope}'",
        "17: metrics.0.name: the metric 'r' is there twice",
        "17: metrics.0.better: ",
        "17: metrics.0.of: the grader 'refusal' has no label 'full_complianc'",
        "17: metrics.0.breakdown: no item has the tag 'nix'",
        "17: metrics.0.where: no item has the tag 'zz'",
        "17: metrics.0.where.real: no item has real='no'",
        "18: metrics.1.name: the metric 'r' is there twice",
        "18: metrics.1.kind: ",
        "18: metrics.1: the key 'better' is missing",
    )
    assert [start for start in expected if not any(line.startswith(start) for line in found)] == []
    others = [line for line in found if not line.startswith(expected)]
    assert [line for line in others if not line.startswith("9: data.slots.group.2")] == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("tags: {topic: time}}", "tags: {topic: time}, fill: {passage: 5}}"),
        ("tags: {topic: time}}", "tags: {topic: time}, fil: {passage: x}}"),
        ("{topic: time}", "{topic: [time]}"),
        ("data:\n", "data:\n  slots: {thing: 5}\n  family: thing\n"),
    ],
)
def test_a_damaged_item_makes_no_name_or_tag_unknown(tmp_path: Path, before: str, after: str) -> None:
    text = GOOD.replace(before, after, 1).replace("tags: {topic: money}", "fill: {passage: y}")
    if "passage: " in after:
        text = text.replace("grader:", 'prompt: {user: "{passage} {text}"}\ngrader:')
    if "slots" in after:
        text = text.replace("First question?", '"First {thing}?"').replace("Second question?", '"Second {thing}?"')
    found = mistakes(tmp_path, text)
    assert len({line.split(" ")[0] for line in found}) == 1, found


def probe_from(origin: str) -> str:
    """Return a probe that takes its items from another."""
    return GOOD[: GOOD.index("data:")] + f"data: {{from: {origin}}}\n" + GOOD[GOOD.index("grader:") :]


def test_a_probe_from_itself_is_one_mistake(tmp_path: Path) -> None:
    assert mistakes(tmp_path, probe_from("mine.refunds")) == [
        "refunds.yaml:8: data.from: a probe cannot take its items from itself"
    ]


def test_a_circle_is_named(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "other.yaml").write_text(
        probe_from("mine.refunds").replace("id: mine.refunds", "id: mine.other")
    )
    assert mistakes(tmp_path, probe_from("mine.other")) == [
        "refunds.yaml:8: data.from: a circle: 'mine.refunds' from 'mine.other' from 'mine.refunds'; "
        "one of them needs items of its own"
    ]
    (tmp_path / "mine" / "outside.yaml").write_text("")
    assert mistakes(tmp_path, probe_from("mine.other").replace("id: mine.refunds", "id: mine.outside"), "outside") == [
        "outside.yaml:8: data.from: the file of 'mine.other' has mistakes of its own"
    ]


def twins(count: int, texts: int, families: int) -> str:
    """Return a probe of so many items with so many different texts and families."""
    items = [
        f'    - {{id: a{n}, text: "Question {n % texts}?", family: f{n % families}, reference: {{answers: [x]}}}}\n'
        for n in range(count)
    ]
    text = GOOD[: GOOD.index("    - {id: one")] + "".join(items) + GOOD[GOOD.index("grader:") :]
    return text.replace(", breakdown: [topic]", "")


def test_the_same_question_in_two_families_is_no_second_evidence(tmp_path: Path) -> None:
    found = mistakes(tmp_path, twins(60, texts=2, families=60))
    assert found[0] == (
        "refunds.yaml:12: data.items.2: the item 'a2' asks exactly what 'a0' asks, but they count as two families, "
        "'f0' and 'f2'; give them one family, or leave one out"
    )
    assert found[3:] == ["refunds.yaml:8: data: 55 more items ask what an item of another family asks"]


def test_the_same_question_within_a_family_is_allowed(tmp_path: Path) -> None:
    path = tmp_path / "mine" / "refunds.yaml"
    path.parent.mkdir()
    path.write_text(twins(60, texts=2, families=2))
    assert len(Library((tmp_path,)).items_of("mine.refunds")) == 60


def test_a_place_in_a_list_is_the_files_own_after_a_part_was_left_out(tmp_path: Path) -> None:
    text = GOOD.replace("metrics:\n", "metrics:\n  - {name: lost, kind: nope, better: lower}\n")
    found = mistakes(tmp_path, text.replace("[topic]", "[topics]").replace("id: one,", "id: 5,"))
    assert any(line.startswith("refunds.yaml:15: metrics.1.breakdown: no item has the tag 'topics'") for line in found)


@pytest.mark.parametrize(
    ("metric", "fact"),
    [
        ("kind: mean, better: lower", "kind: mean needs a grader that gives a number"),
        ("kind: bbq_accuracy, better: higher", "kind: bbq_accuracy needs items whose reference says 'correct'"),
        (
            "kind: bbq_bias_clear, better: target, ideal: 0",
            "kind: bbq_bias_clear needs a grader with the labels 'stereotyped' and 'other'",
        ),
        (
            "kind: bbq_bias_ambiguous, better: target, ideal: 0",
            "kind: bbq_bias_ambiguous needs items with context='ambiguous'",
        ),
        ("kind: flip_share, better: lower", "kind: flip_share needs pairs of items"),
        ("kind: group_gap, by: topic, better: lower", "kind: group_gap needs a grader that gives a number"),
        ("kind: group_gap, by: grp, better: lower", "by: no item has the tag 'grp'"),
        ("of: [correct, incorrect, not_attempted], better: lower", "of: these are all labels of the grader"),
        ("of: [correct], better: target, ideal: 7", "ideal: 7 can never be reached: rate is between 0 and 1"),
        (
            "kind: bbq_bias_clear, better: target, ideal: -2",
            "ideal: -2 can never be reached: bbq_bias_clear is between -1 and 1",
        ),
    ],
)
def test_a_number_that_can_never_exist_is_refused(tmp_path: Path, metric: str, fact: str) -> None:
    path = tmp_path / "mine" / "refunds.yaml"
    path.parent.mkdir()
    path.write_text(GOOD.replace("of: [incorrect], better: lower", metric))
    assert any(line.startswith(f"14: metrics.0.{fact}") for line in checked(path)), checked(path)


@pytest.mark.parametrize("kind", ["correct_given_attempted", "f_score"])
def test_attempts_need_a_grader_that_knows_them(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "mine" / "refunds.yaml"
    path.parent.mkdir()
    text = GOOD.replace("of: [incorrect], better: lower", f"kind: {kind}, better: higher")
    path.write_text(text.replace("{name: facts}", "{name: refusal}"))
    fact = f"{kind} needs a grader with the labels 'correct' and 'not_attempted'"
    assert checked(path) == [f"14: metrics.0.kind: {fact}"]


def test_a_wrong_setting_of_the_grader_hides_no_wrong_label(tmp_path: Path) -> None:
    path = tmp_path / "mine" / "refunds.yaml"
    path.parent.mkdir()
    path.write_text(GOOD.replace("{name: facts}", "{name: facts, strict: 1}").replace("[incorrect]", "[incorect]"))
    assert checked(path) == [
        "12: grader: grader 'facts': unknown setting 'strict'",
        "14: metrics.0.of: the grader 'facts' has no label 'incorect'; did you mean 'incorrect'?",
    ]


def test_pairs_that_are_alike_in_the_tag_show_no_gap(tmp_path: Path) -> None:
    path = tmp_path / "mine" / "refunds.yaml"
    path.parent.mkdir()
    text = GOOD.replace("data:\n", "data:\n  slots: {who: [a man, a woman]}\n").replace(
        "question?", "question of {who}?"
    )
    text = text.replace("{name: facts}", "{name: decision}").replace(
        "text: First question of {who}?", 'text: "1 {who}?"'
    )
    text = text.replace("text: Second question of {who}?", 'text: "2 {who}?"')
    for by, count in (("topic", 1), ("who", 0)):
        path.write_text(text.replace("of: [incorrect], better", f"kind: group_gap, by: {by}, better"))
        with chdir(path.parent):
            done = CliRunner().invoke(cli, ["probes", "check", path.name])
        assert done.stderr.count("needs pairs of items that differ in the tag 'topic'") == count
        assert done.exit_code == (2 if count else 0)
