"""How many transcripts a report holds: each mode keeps what it says, says what it keeps, and leaks nothing else."""

from __future__ import annotations

import base64
import gzip
import html
import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.polarity import State
from auditor.render.extent import FAMILIES, Extent, Sharing, keep
from auditor.render.html import render_report
from auditor.render.material import Material
from auditor.render.transcripts import Change
from auditor.render.versions import read_versions
from auditor.runs.record import Run
from auditor.types import Graded, Message, Undetermined

BLOCK = re.compile(r'<script type="application/gzip" id="(data-[^"]*)">([^<]*)</script>')
CANARY = "Zanzibarium"


def blocks(page: str) -> dict[str, Any]:
    """Return what the data blocks of a page hold."""
    return {name: json.loads(gzip.decompress(base64.b64decode(text))) for name, text in BLOCK.findall(page)}


def entries(page: str) -> list[Any]:
    """Return the entries of all chunks."""
    return [entry for name, rows in blocks(page).items() if name != "data-index" for entry in rows]


PROBES = ("harm.direct", "harm.look_alikes", "bias.age", "hallucination.facts")
ITEMS = 176 + 80 + 40 + 90


def small(draft: Any) -> Any:
    """Return a draft of four probes."""
    return replace(
        draft,
        manifest={
            **draft.manifest,
            "probes": [one for one in draft.manifest["probes"] if one["id"] in PROBES],
            "pooled": [],
        },
        items=[one for one in draft.items if one.probe_id in PROBES],
        responses=[pair for pair in draft.responses if pair[0].probe_id in PROBES],
        verdicts=[pair for pair in draft.verdicts if pair[0].probe_id in PROBES],
        estimates=[one for one in draft.estimates if one.probe_id in PROBES],
    )


@pytest.fixture(scope="module")
def few(drafts: list[Any], tmp_path_factory: pytest.TempPathFactory) -> list[Run]:
    """The three versions, asked four probes."""
    folder = tmp_path_factory.mktemp("few")
    return [small(draft).write(folder / str(place)) for place, draft in enumerate(drafts)]


@pytest.fixture(scope="module")
def pages(few: list[Run]) -> dict[Extent, str]:
    return {extent: render_report(few, sharing=Sharing(extent)) for extent in Extent}


@pytest.fixture(scope="module")
def material(few: list[Run]) -> Material:
    return Material(read_versions(few))


@pytest.mark.parametrize("extent", Extent)
def test_the_page_says_how_many_transcripts_it_holds(pages: dict[Extent, str], extent: Extent) -> None:
    found = entries(pages[extent])
    kept = sum(entry is not None for entry in found)
    assert len(found) == ITEMS
    said = f"{kept} of {ITEMS} transcripts are in this file."
    for section in ("summary", "items"):
        assert said in pages[extent].split(f'<section id="{section}"')[1].split("\n</section>\n<section id=")[0]
    if extent in (Extent.ALL, Extent.NONE):
        assert kept == (ITEMS if extent is Extent.ALL else 0)
    else:
        assert 50 < kept < ITEMS - 50


def test_failures_keep_all_that_failed_or_turned_in_any_version(pages: dict[Extent, str], material: Material) -> None:
    for transcript in material.transcripts:
        states = {reply.state for reply in transcript.replies}
        if states & {State.BAD, State.UNDETERMINED} or transcript.change in (Change.BROKEN, Change.FIXED):
            assert transcript.kept
    said = html.unescape(pages[Extent.FAILURES])
    failed = sum(any(r.state in ("bad", "undetermined", "missing") for r in t.replies) for t in material.transcripts)
    kept = sum(transcript.kept for transcript in material.transcripts)
    assert f"in any version shown ({failed}), and of the others ({kept - failed})" in said


def test_of_the_others_whole_families_are_kept_and_no_more_of_a_probe_than_is_said(material: Material) -> None:
    families: dict[tuple[str, str], set[bool]] = defaultdict(set)
    for transcript in material.transcripts:
        if all(reply.state is State.GOOD for reply in transcript.replies):
            families[transcript.probe["id"], transcript.item["family_id"]].add(transcript.kept)
    assert all(len(kept) == 1 for kept in families.values())
    drawn = Counter(probe for (probe, _), kept in families.items() if kept == {True})
    assert max(drawn.values()) == FAMILIES
    assert any(kept == {False} for kept in families.values())


def test_a_sample_does_not_favour_failures(few: list[Run]) -> None:
    found = Material(read_versions(few), sharing=Sharing(Extent.SAMPLE)).transcripts
    drawn: dict[str, set[str]] = defaultdict(set)
    for transcript in found:
        if transcript.kept:
            drawn[transcript.probe["id"]].add(transcript.item["family_id"])
    everything: dict[str, set[str]] = defaultdict(set)
    for transcript in found:
        everything[transcript.probe["id"]].add(transcript.item["family_id"])
    assert {probe: len(kept) for probe, kept in drawn.items()} == {
        probe: min(FAMILIES, len(all_)) for probe, all_ in everything.items()
    }
    bad = [any(reply.state is State.BAD for reply in one.replies) for one in found]
    share = sum(bad) / len(bad)
    kept_share = sum(b for b, one in zip(bad, found, strict=True) if one.kept) / sum(one.kept for one in found)
    assert abs(share - kept_share) < 0.1


@given(st.randoms())
def test_what_is_kept_does_not_hang_on_the_order(material: Material, chance: Any) -> None:
    shuffled = list(material._read)
    chance.shuffle(shuffled)
    for extent in (Extent.FAILURES, Extent.SAMPLE):
        kept = {one.item["item_id"] for one in keep(material._read, extent) if one.kept}
        assert {one.item["item_id"] for one in keep(shuffled, extent) if one.kept} == kept


@pytest.mark.parametrize("extent", Extent)
def test_numbers_are_the_same_whatever_is_kept(pages: dict[Extent, str], extent: Extent) -> None:
    numbers = re.compile(r'<data class="value" value="([^"]*)" data-of="([^"]*)">([^<]*)')
    assert numbers.findall(pages[extent]) == numbers.findall(pages[Extent.ALL])
    index, whole = (blocks(page)["data-index"] for page in (pages[extent], pages[Extent.ALL]))
    for changing in ("preview", "labels"):
        for one in (index, whole, index.get("rows", {}), whole.get("rows", {})):
            one.pop(changing, None)
    assert index == whole


def planted(draft: Any) -> Any:
    """Put a word that is nowhere else into every text of a prompt, a model or a grader."""
    items = [
        replace(
            item,
            turns=tuple(turn + CANARY for turn in item.turns),
            system=CANARY,
            few_shot=(Message("user", CANARY),),
            options=tuple(replace(option, text=option.text + CANARY) for option in item.options),
        )
        for item in draft.items
    ]
    responses = [
        (
            replace(request, messages=(Message("user", CANARY),), continuation=CANARY),
            replace(
                response,
                text=response.text + CANARY,
                reasoning=CANARY,
                reason=CANARY,
                notes=(CANARY,),
                logprobs={CANARY: -1.0},
            ),
        )
        for request, response in draft.responses
    ]
    verdicts = [
        (item, replace(verdict, evidence=CANARY) if isinstance(verdict, Graded) else Undetermined(CANARY))
        for item, verdict in draft.verdicts
    ]
    model = draft.manifest["model"]
    target = {**model["target"], "system_prompt": CANARY}
    manifest = {**draft.manifest, "model": {**model, "target": target}}
    return replace(draft, items=items, responses=responses, verdicts=verdicts, manifest=manifest)


def everywhere(page: str) -> str:
    """Return a page with all that it holds in any encoding."""
    return html.unescape(page) + json.dumps(blocks(page), ensure_ascii=False)


def test_none_holds_no_text_of_a_prompt_a_model_or_a_grader(drafts: list[Any], write: Callable[[Any], Run]) -> None:
    made = [write(planted(small(draft))) for draft in drafts[1:]]
    assert CANARY in everywhere(render_report(made))
    page = render_report(made, sharing=Sharing(Extent.NONE))
    assert CANARY not in everywhere(page)
    assert "make it with --transcripts failures to see them here" in page
    assert len(page.encode()) <= 500_000


@pytest.mark.parametrize("extent", [Extent.FAILURES, Extent.SAMPLE])
def test_no_text_that_was_left_out_is_anywhere(drafts: list[Any], write: Callable[[Any], Run], extent: Extent) -> None:
    def marked(draft: Any) -> Any:
        told = {item.item_id: f"{CANARY}({item.item_id})" for item in draft.items}
        responses = [(a, replace(b, text=b.text + told[a.item_id])) for a, b in draft.responses]
        items = [replace(item, turns=(item.turns[0] + told[item.item_id],)) for item in draft.items]
        return replace(draft, responses=responses, items=items)

    made = [write(marked(small(draft))) for draft in drafts[1:]]
    sharing = Sharing(extent)
    kept = {one.item["item_id"] for one in Material(read_versions(made), sharing=sharing).transcripts if one.kept}
    found = set(re.findall(CANARY + r"\(([\w.]+/[\w.]+)\)", everywhere(render_report(made, sharing=sharing))))
    assert found == kept


def test_the_default_of_three_versions_mails_well(pages: dict[Extent, str]) -> None:
    assert len(pages[Extent.NONE].encode()) <= 500_000
    assert len(pages[Extent.NONE].encode()) < len(pages[Extent.FAILURES].encode()) < len(pages[Extent.ALL].encode())
    assert len(pages[Extent.ALL].encode()) <= 8_000_000
