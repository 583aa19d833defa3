"""Graders with planted agreement, and what the page says of them and of the items."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from playwright.sync_api import Browser, expect

from auditor.agreement import Label, labelled_verdicts
from auditor.cli import cli
from auditor.render.html import render_report
from auditor.render.material import Material
from auditor.render.sections import appendix, trust
from auditor.render.versions import read_versions
from auditor.runs.record import Run, open_run
from auditor.runs.store import Store
from auditor.stats.misclassified import corrected_rate
from auditor.types import Graded, Undetermined

HOSTILE = "</td><script>window.owned=1</script> \u202e{0} %s"
FIRST_WRONG = 5
OLD_RUNS = Path(__file__).parents[1] / "old_runs" / "0.2.0"


def alone(draft: Any, probe: str) -> Any:
    """Return a draft of one probe only."""
    kept = [entry for entry in draft.manifest["probes"] if entry["id"] == probe]
    return replace(
        draft,
        manifest=draft.manifest | {"probes": kept, "pooled": []},
        items=[item for item in draft.items if item.probe_id == probe],
        responses=[pair for pair in draft.responses if pair[0].probe_id == probe],
        verdicts=[pair for pair in draft.verdicts if pair[0].probe_id == probe],
        estimates=[found for found in draft.estimates if found.probe_id == probe],
    )


def labels_of(draft: Any) -> list[Label]:
    """Return what people say of every graded answer: what the grader says, but for the first full refusals."""
    labels, wrong = [], 0
    for item, verdict in draft.verdicts:
        if isinstance(verdict, Graded):
            slip = verdict.label == "full_refusal" and wrong < FIRST_WRONG
            wrong += slip
            labels.append(Label(item.item_id, "full_compliance" if slip else verdict.label))
    return labels


def material(runs: Sequence[Run], labels: Sequence[Label] = ()) -> Material:
    return Material(read_versions(runs), labels=labels)


def test_planted_agreement_is_the_confusion_table_and_the_corrected_rate(
    drafts: list[Any], write: Callable[[Any], Run]
) -> None:
    draft = alone(drafts[2], "harm.look_alikes")
    labels = labels_of(draft)
    given = [verdict.label for _, verdict in draft.verdicts if isinstance(verdict, Graded)]
    refused, n = given.count("full_refusal"), len(given)
    (grader,) = trust.build(material([write(draft)], labels)).graders
    assert grader.agreement is not None
    assert grader.agreement.labels == ["full_compliance", "full_refusal"]
    counts = {truth: [cell.count for cell in cells] for truth, cells in grader.agreement.table.items()}
    assert counts == {
        "full_compliance": [n - refused, FIRST_WRONG],
        "full_refusal": [0, refused - FIRST_WRONG],
    }
    assert grader.agreement.share.startswith(f"{100 * (n - FIRST_WRONG) / n:.1f}% (")
    assert grader.agreement.share.endswith(f"n {n}")
    assert len(grader.agreement.wrong) == FIRST_WRONG
    good = n - refused + FIRST_WRONG
    expected = corrected_rate(refused / n, n, 1.0, n - good, (good - FIRST_WRONG) / good, good)
    assert expected is not None
    (row,) = grader.corrected
    assert expected[0] == pytest.approx((refused - FIRST_WRONG) / n)
    assert row.corrected.startswith(f"{100 * expected[0]:.1f}% ({100 * expected[1]:.1f} to {100 * expected[2]:.1f}%)")


@pytest.mark.browser
def test_each_cell_of_the_table_leads_to_its_items(
    drafts: list[Any], write: Callable[[Any], Run], chromium: Browser, tmp_path: Path
) -> None:
    draft = alone(drafts[2], "harm.look_alikes")
    known = labels_of(draft)
    path = tmp_path / "report.html"
    path.write_text(render_report([write(draft)], labels=known), encoding="utf-8")
    page = chromium.new_page()
    page.goto(path.as_uri())
    page.wait_for_selector("html[data-ready]", state="attached")
    page.locator("#trust details summary").click()
    cell = page.locator("#trust table.confusion a", has_text=str(FIRST_WRONG)).and_(page.locator("td:not(.same) a"))
    cell.click()
    expect(page.locator("#status")).to_contain_text(f"{FIRST_WRONG} of ")
    expect(page.locator("#chips")).to_contain_text("people say full_compliance, refusal says full_refusal")
    verdicts = {item.item_id: verdict for item, verdict in draft.verdicts}
    wrong = [one.item_id for one in known if one.label != getattr(verdicts[one.item_id], "label", one.label)]
    assert sorted(page.locator("#rows > tr button").all_inner_texts()) == sorted(wrong)
    graded = [verdict for verdict in verdicts.values() if isinstance(verdict, Graded)]
    given = sum(verdict.label == "full_refusal" for verdict in graded)
    row = page.locator("#trust .by-label tr", has=page.locator("th", has_text="full_refusal"))
    for place, (items, what) in enumerate(
        (
            (given - FIRST_WRONG, "people say full_refusal, judged by refusal"),
            (given, "labelled by people, refusal says full_refusal"),
        )
    ):
        row.locator("a").nth(place).click()
        expect(page.locator("#status")).to_contain_text(f"{items} of ")
        expect(page.locator("#chips")).to_contain_text(what)
    page.locator("#trust dl.facts a", has_text="%").first.click()
    expect(page.locator("#status")).to_contain_text(f"{len(graded)} of ")
    page.goto(path.as_uri() + "#items&pick=constructor")
    expect(page.locator("#status")).to_contain_text("0 of ")


def test_a_label_without_model_and_answer_is_of_the_newest_answer(
    drafts: list[Any], write: Callable[[Any], Run]
) -> None:
    before, after = (alone(draft, "harm.direct") for draft in drafts[1:])
    texts = [{request.item_id: response.text for request, response in one.responses} for one in (before, after)]
    same = {item_id for item_id, text in texts[1].items() if texts[0].get(item_id) == text}
    known = [Label(item_id, "full_refusal") for item_id in texts[1]]
    runs = [write(before), write(after)]
    found = labelled_verdicts(runs, known)
    assert {one.item_id for one in found if one.same_text and one.run == runs[1].reference} == set(texts[1])
    assert {one.item_id for one in found if one.same_text and one.run == runs[0].reference} == same != set(texts[1])
    told = labelled_verdicts(runs, [replace(one, model=runs[0].model_id) for one in known])
    assert {one.run for one in told if one.same_text} == {runs[0].reference}


def test_no_two_scored_answers_are_the_same() -> None:
    runs = [open_run(f"demo@{version}", Store(str(OLD_RUNS))) for version in ("1.1", "1.2")]
    scored = [row for row in runs[1].iter_verdicts() if row["grader"] == "refusal_margin"]
    found = labelled_verdicts(runs, [Label(row["item_id"], row["label"]) for row in scored])
    assert {one.run for one in found if one.same_text} == {runs[1].reference}
    assert len(found) == 2 * len(scored) > 20


def test_a_cell_counts_the_answers_of_all_versions_and_leads_to_their_items(
    drafts: list[Any], write: Callable[[Any], Run]
) -> None:
    both = [alone(draft, "harm.look_alikes") for draft in drafts[1:]]
    runs = [write(draft) for draft in both]
    known = [
        replace(one, model=run.model_id) for draft, run in zip(both, runs, strict=True) for one in labels_of(draft)
    ]
    found = material(runs, known)
    (grader,) = trust.build(found).graders
    assert grader.agreement is not None
    told = {truth: [cell.count for cell in cells] for truth, cells in grader.agreement.table.items()}
    expected = Counter((one.truth, one.given) for one in found.labelled)
    assert told == {truth: [expected[truth, given] for given in told] for truth in told}
    assert sum(map(sum, told.values())) == sum(len(labels_of(draft)) for draft in both)
    for (_first, truth, given), pick in found.confused.items():
        items = {one.item_id for one in found.labelled if truth in (None, one.truth) and given in (None, one.given)}
        assert set(pick.items) == items and len(pick.items) == len(items)


def test_a_label_is_left_out_only_where_no_version_gave_its_answer(
    drafts: list[Any], write: Callable[[Any], Run]
) -> None:
    before, after = (alone(draft, "harm.look_alikes") for draft in drafts[1:])
    text = {request.item_id: response.text for request, response in after.responses}
    known = [replace(one, answer=text[one.item_id]) for one in labels_of(after)[:20]]
    found = material([write(before), write(after)], [*known, Label(known[0].item_id, "full_refusal", answer="no such")])
    assert any(not one.same_text for one in found.labelled if one.label in known)
    (grader,) = trust.build(found).graders
    assert grader.other_text == 1


def test_too_few_labels_correct_nothing(drafts: list[Any], write: Callable[[Any], Run]) -> None:
    draft = alone(drafts[2], "harm.look_alikes")
    (grader,) = trust.build(material([write(draft)], labels_of(draft)[:6])).graders
    assert grader.corrected[0].corrected.startswith("not corrected: that needs labels in 10 families")


def test_the_words_beside_a_number_are_those_of_its_own_probes(drafts: list[Any], write: Callable[[Any], Run]) -> None:
    draft = alone(drafts[2], "harm.look_alikes")
    run = write(draft)
    said = trust.agreement_words(material([run], labels_of(draft)), "harm.look_alikes", "over_refusal_rate")
    assert said.startswith("agrees with people in 9")
    assert (
        trust.agreement_words(material([run]), "harm.look_alikes", "over_refusal_rate") == "not checked against people"
    )
    assert trust.agreement_words(material([run], labels_of(draft)), "nothing", "else") == "not checked against people"


def test_undetermined_verdicts_and_other_texts_are_counted(drafts: list[Any], write: Callable[[Any], Run]) -> None:
    draft = alone(drafts[2], "harm.look_alikes")
    draft.verdicts = [
        (item, Undetermined("no")) if place < 8 else (item, v) for place, (item, v) in enumerate(draft.verdicts)
    ]
    labels = [Label(item.item_id, "full_refusal", answer="another text") for item, _ in draft.verdicts[:3]]
    (grader,) = trust.build(material([write(draft)], labels)).graders
    missing = sum(isinstance(verdict, Undetermined) for _, verdict in draft.verdicts)
    assert grader.undetermined.startswith(f"{100 * missing / 80:.1f}% (")
    assert grader.other_text == 3
    assert grader.agreement is None


def test_a_grader_that_changed_is_named_with_its_versions(drafts: list[Any], write: Callable[[Any], Run]) -> None:
    runs = [write(alone(draft, "hallucination.facts")) for draft in drafts]
    (grader,) = trust.build(material(runs)).graders
    assert grader.drift == "facts 1: 1.0; facts 2: 1.1, 1.2"
    labels = [
        Label(item.item_id, "correct", model="kestrel-chat@1.0") for item in drafts[0].items if "facts" in item.item_id
    ]
    assert trust.build(material(runs, labels)).graders[0].agreement is None, (
        "the old grader's verdicts say nothing of it"
    )


def test_without_labels_the_page_says_how_to_fill_the_rest(drafts: list[Any], write: Callable[[Any], Run]) -> None:
    text = render_report([write(alone(drafts[2], "harm.look_alikes"))])
    found = text.partition('<section id="trust"')[2].partition('<section id="')[0]
    assert "Nobody checked: refusal." in found
    assert "<code>--labels FILE</code>" in found
    assert "not checked against people" in found


def test_hostile_labels_are_text(drafts: list[Any], write: Callable[[Any], Run]) -> None:
    draft = alone(drafts[2], "bias.age")
    labels = [Label(item.item_id, HOSTILE) for item, _ in draft.verdicts]
    text = render_report([write(draft)], labels=labels)
    found = text.partition('<section id="trust"')[2].partition('<section id="')[0]
    assert "<script" not in found
    assert "\u202e" not in found
    assert "&lt;script&gt;" in found


def confident(draft: Any, worth: float) -> Any:
    """Return a draft of the choices of bias.age, in which the model is right less often than it says by `worth`."""
    chance = np.random.default_rng(2)
    probes = {item.probe_id for item in draft.items if item.options}
    made = replace(draft, items=[], verdicts=[])
    for item in [item for item in draft.items if item.probe_id in probes]:
        sure = float(chance.uniform(0.4, 1.0))
        right = item.reference["correct"]
        label = right if chance.random() < sure - worth else next(o.role for o in item.options if o.role != right)
        made.items.append(item)
        made.verdicts.append((item, Graded(label, probability=sure)))
    return made


@pytest.mark.parametrize(("worth", "shown"), [(0.0, False), (0.35, True)])
def test_a_planted_lack_of_calibration_is_told(
    drafts: list[Any], write: Callable[[Any], Run], worth: float, shown: bool
) -> None:
    draft = confident(alone(drafts[2], "bias.age"), worth)
    draft.items = [
        replace(item, item_id=f"{item.item_id}.{k}", family_id=f"{item.family_id}.{k}")
        for k in range(10)
        for item in draft.items
    ]
    draft = confident(draft, worth)
    (found,) = appendix.build(material([write(draft)])).reliability
    assert found.error.endswith("n 400 in 200 families")
    assert ("(0.000 to" not in found.error) is shown
    assert len(found.bins) == 15


def test_without_probabilities_the_appendix_says_what_would_fill_it(
    drafts: list[Any], write: Callable[[Any], Run]
) -> None:
    text = render_report([write(alone(drafts[2], "bias.age"))])
    found = text.partition('<section id="appendix"')[2]
    assert "No verdict carries the model's confidence" in found.replace("&#39;", "'")
    assert "No carbon is told" in found
    assert "takes two versions" in found


def test_items_that_say_nothing_are_counted(drafts: list[Any], write: Callable[[Any], Run]) -> None:
    mine = [alone(draft, "bias.age") for draft in drafts[1:]]
    view = appendix.build(material([write(draft) for draft in mine]))
    states = [
        {item.item_id: v.label == item.reference["correct"] for item, v in draft.verdicts if isinstance(v, Graded)}
        for draft in mine
    ]
    both = states[0].keys() & states[1].keys()
    wrong = {name for name in both if not states[0][name] and not states[1][name]}
    kinds = {kind.name: kind for kind in view.kinds}
    assert kinds["Good in every version"].count == sum(states[0][name] and states[1][name] for name in both)
    assert kinds["Bad in every version"].count == len(wrong)
    assert set(kinds["Wrong in every version, with a key"].items) <= wrong
    assert kinds["Another verdict when asked again"].of == 0


def test_the_command_takes_labels_more_than_once(
    drafts: list[Any], write: Callable[[Any], Run], tmp_path: Path
) -> None:
    draft = alone(drafts[2], "harm.look_alikes")
    run, labels = write(draft), labels_of(draft)
    files = []
    for place, part in enumerate((labels[:40], labels[40:])):
        files.append(tmp_path / f"{place}.jsonl")
        files[-1].write_text("".join(json.dumps({"item_id": one.item_id, "label": one.label}) + "\n" for one in part))
    page = tmp_path / "page.html"
    given = [part for file in files for part in ("--labels", str(file))]
    outcome = CliRunner().invoke(cli, ["report", str(run.path) + "/", *given, "-o", str(page)], catch_exceptions=False)
    assert outcome.exit_code == 0, outcome.output
    assert f"n {len(labels)}</a>" in page.read_text("utf-8")


@pytest.mark.browser
@pytest.mark.parametrize("width", [390, 1280, 2560])
def test_nothing_clips_or_overlaps(
    chromium: Browser, drafts: list[Any], write: Callable[[Any], Run], tmp_path: Path, width: int
) -> None:
    draft = confident(alone(drafts[2], "bias.age"), 0.2)
    labels = [Label(item.item_id, "W" * 60) for item, _ in draft.verdicts]
    path = tmp_path / "page.html"
    path.write_text(render_report([write(draft)], labels=labels), encoding="utf-8")
    page = chromium.new_page(viewport={"width": width, "height": 900})
    page.goto(path.as_uri())
    page.locator("#trust details, #appendix details").evaluate_all("all => { for (const one of all) one.open = true; }")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    wrong = page.locator("#appendix svg[role=img]").evaluate_all(
        """all => all.flatMap(svg => {
            const box = svg.getBoundingClientRect();
            const texts = [...svg.querySelectorAll("text")].map(one => [one.textContent, one.getBoundingClientRect()]);
            const outside = texts.filter(([, one]) => one.left < box.left - 1 || one.right > box.right + 1);
            return [...outside, ...texts.flatMap(([a, x], place) => texts.slice(place + 1)
                .filter(([, y]) => x.left < y.right && y.left < x.right && x.top < y.bottom - 2 && y.top < x.bottom - 2)
                .map(([b]) => [a, b]))];
        })"""
    )
    assert wrong == []
    page.close()
