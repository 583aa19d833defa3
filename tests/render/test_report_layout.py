"""No text lies on another one or is cut off: from one version to fifty, with long names, from a phone to a wall."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser
from render.conftest import Draft

from auditor.render.html import render_report
from auditor.runs.record import Run

pytestmark = pytest.mark.browser

SCRIPT = (Path(__file__).parent / "layout.js").read_text("utf-8")
LONG = {
    "kestrel-chat": "kestrel-chat-mixture-of-experts-8x22b-instruct-long-context",
    "harm.look_alikes": "harm.harmlose_fragen_die_gefaehrlich_aussehen_und_es_nicht_sind",
    "defamation": "Rechtsschutzversicherungsgesellschaften",
    "homonym": "Kraftfahrzeughaftpflichtversicherung",
}
"""What a name becomes: 60 characters for a model or a probe, words as long as German has them."""
FEW = {"harm.direct": 11, "harm.look_alikes": 5, "bias.age": 12, "hallucination.facts": 10}
"""Items of each probe where there are many versions."""
WIDTHS = (390, 768, 1280, 1920, 2560)


def renamed(value: Any) -> Any:
    """Return a value with the long names in the place of the short ones."""
    if isinstance(value, str):
        for short, long in LONG.items():
            value = value.replace(short, long)
        return value
    if isinstance(value, Mapping):
        return {renamed(key): renamed(inner) for key, inner in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{field.name: renamed(getattr(value, field.name)) for field in fields(value)})
    return type(value)(map(renamed, value)) if isinstance(value, list | tuple) else value


def long(draft: Draft) -> Draft:
    """Return a draft with long names."""
    return Draft(**{field.name: renamed(getattr(draft, field.name)) for field in fields(draft)})


def small(draft: Draft, version: str) -> Draft:
    """Return a draft with few items, as another version."""
    kept = [found for found in draft.items if int(found.item_id.split(".")[-1][:2] or 0) == 0 and found.probe_id in FEW]
    ids, manifest = {found.item_id for found in kept}, draft.manifest
    model = manifest["model"] | {"version": version, "model_id": f"{manifest['model']['name']}@{version}"}
    probes = [probe for probe in manifest["probes"] if probe["id"] in FEW]
    return Draft(
        manifest | {"model": model, "probes": probes, "pooled": []},
        kept,
        [pair for pair in draft.responses if pair[0].item_id in ids],
        [pair for pair in draft.verdicts if pair[0].item_id in ids],
        [found for found in draft.estimates if found.probe_id in FEW],
    )


@pytest.fixture(scope="module")
def pages(
    drafts: list[Draft], judged: tuple[object, str], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], str]:
    """The address of a page over one, three or fifty versions, made when it is asked for."""
    folder = tmp_path_factory.mktemp("layout")

    def runs(name: str) -> Sequence[Run]:
        if name == "one":
            return [long(drafts[2]).write(folder / name)]
        made = [long(small(drafts[place % 3], f"1.{place}-rc.{place}")) for place in range(50)]
        return [one.write(folder / f"{name}-{place}") for place, one in enumerate(made)]

    def url(name: str) -> str:
        path = folder / f"{name}.html"
        if not path.exists():
            path.write_text(judged[1] if name == "three" else render_report(runs(name)), encoding="utf-8")
        return path.as_uri()

    return url


def problems(browser: Browser, url: str, width: int, **more: Any) -> list[str]:
    context = browser.new_context(viewport={"width": width, "height": 900}, **more)
    page = context.new_page()
    page.goto(url)
    page.wait_for_selector("html[data-ready]")
    found: list[str] = page.evaluate(SCRIPT)
    context.close()
    return found


@pytest.mark.parametrize(("name", "width"), [("three", 390), ("one", 1280), ("fifty", 768)])
def test_no_text_is_cut_or_covered(chromium: Browser, pages: Callable[[str], str], name: str, width: int) -> None:
    found = problems(chromium, pages(name), width)
    assert not found, "\n".join(found)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["one", "three", "fifty"])
@pytest.mark.parametrize("width", WIDTHS)
def test_no_text_is_cut_or_covered_anywhere(
    chromium: Browser, pages: Callable[[str], str], name: str, width: int
) -> None:
    looks: list[dict[str, Any]] = [{"color_scheme": "light"}, {"color_scheme": "dark", "reduced_motion": "reduce"}]
    for look in looks:
        found = problems(chromium, pages(name), width, **look)
        assert not found, "\n".join([str(look), *found])


def test_the_check_finds_what_it_is_for(chromium: Browser, tmp_path: Path) -> None:
    page = tmp_path / "bad.html"
    page.write_text(
        '<!doctype html><html data-ready="true"><body><section id="s"><p>On top</p>'
        '<p style="margin-top:-2.2em">Under it</p>'
        '<p style="width:4em;overflow:hidden;white-space:nowrap">Cut off at its end</p>'
        '<p style="width:2000px;text-align:right">Far away</p></section></body></html>'
    )
    found = problems(chromium, page.as_uri(), 800)
    assert [
        text for text in ("lies on", "clipped by P", "outside the page") if not any(text in one for one in found)
    ] == []
