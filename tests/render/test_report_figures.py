"""What the page promises in figures: no fault of access, no sound, and all of it without script, style or colour."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page
from whole_runs import whole_material

from auditor.render.html import render_material
from auditor.render.page import SECTIONS

pytestmark = pytest.mark.browser

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RULES = {"color-contrast": {"enabled": True}, "target-size": {"enabled": True}}
AXE = {"runOnly": {"type": "tag", "values": TAGS}, "rules": RULES, "resultTypes": ["violations"]}
JENKINS = {
    "Content-Security-Policy": "sandbox allow-same-origin; default-src 'none'; img-src 'self'; style-src 'self';",
    "Content-Type": "text/html; charset=utf-8",
}
OPEN = "for (const one of document.querySelectorAll('details')) one.open = true"
GRID = list(itertools.product(("light", "dark"), (1280, 390), (True, False)))
QUICK = (("light", 390, True), ("dark", 1280, False))


@pytest.fixture(scope="module")
def whole(drafts: list[Any], tmp_path_factory: pytest.TempPathFactory) -> str:
    """A report in which every section has something to show."""
    text = render_material(whole_material(drafts[1:], tmp_path_factory.mktemp("whole")))
    assert [one.id for one in SECTIONS if one.empty and one.empty in text] == []
    return text


@pytest.fixture(scope="module")
def whole_url(whole: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("whole") / "report.html"
    path.write_text(whole, encoding="utf-8")
    return path.as_uri()


@pytest.mark.parametrize(
    ("scheme", "width", "script"),
    [pytest.param(*one, marks=() if one in QUICK else pytest.mark.slow) for one in GRID],
)
def test_axe_finds_nothing(
    chromium: Browser, whole: str, whole_url: str, tmp_path: Path, scheme: Any, width: int, script: bool
) -> None:
    viewport = {"width": width, "height": 900}
    context = chromium.new_context(viewport=viewport, color_scheme=scheme, bypass_csp=True)  # axe is a script as well
    page = context.new_page()
    if script:
        page.goto(whole_url + "#items&probe=harm")
        page.wait_for_selector("html[data-ready]")
        page.locator("#rows button").first.click()
        page.wait_for_selector(".drawer")
    else:
        path = tmp_path / "report.html"
        path.write_text(whole[: whole.rindex("<script>")] + "</body>\n</html>\n", encoding="utf-8")
        page.goto(path.as_uri())
    page.evaluate(OPEN)
    assert violations(page) == []
    if script:
        page.keyboard.press("?")
        page.wait_for_selector("#keys[open]")
        assert violations(page) == []
    context.close()


def violations(page: Page) -> list[str]:
    """Return what axe finds."""
    found = Axe().run(page, options=AXE).response["violations"]
    return [f"{rule['id']}: {rule['help']}: {rule['nodes'][0]['html'][:120]}" for rule in found]


def test_nothing_is_asked_for_said_or_refused_while_someone_walks_through(chromium: Browser, whole_url: str) -> None:
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.add_init_script("addEventListener('securitypolicyviolation', one => console.log(one.violatedDirective))")
    told: list[str] = []
    page.on("console", lambda message: told.append(message.text))
    page.on("pageerror", lambda error: told.append(str(error)))
    page.on("dialog", lambda dialog: told.append(dialog.message))
    page.on("request", lambda request: told.append(request.url))
    page.goto(whole_url)
    page.wait_for_selector("html[data-ready]")
    page.evaluate(OPEN)
    page.locator("#next").click()
    for column in range(page.locator("#head button").count()):
        page.locator("#head button").nth(column).click()
    page.locator("select[name=change]").select_option("newly broken")
    all_of_them = page.locator("#status").inner_text()
    page.get_by_label("Text in prompts and answers").fill("nowhere to be found")
    page.locator("#status", has_text=re.compile(r"^0 of ")).wait_for()
    page.get_by_label("Text in prompts and answers").fill("")
    page.locator("#status", has_text=re.compile(f"^{all_of_them}")).wait_for()
    page.locator("#rows button").first.click()
    page.wait_for_selector(".drawer")
    for button in page.locator(".drawer button").all():
        button.click()
    with page.expect_download():
        page.locator("#csv").click()
    page.locator("#command").click()
    page.locator("#rows button").first.focus()
    for key in ("Escape", "j", "j", "k", "n", "p", "Enter", "d", "c", "/", "Escape", "?", "Escape"):
        page.keyboard.press(key)
    page.go_back()
    page.locator("#where .heat a, #difference .plot a").first.click()
    for width in (390, 1280):
        page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint')); dispatchEvent(new Event('afterprint'))")
    assert page.evaluate("performance.getEntriesByType('resource').map(one => one.name)") == []
    assert [one for one in told if not one.startswith("blob:")] == [whole_url]
    context.close()


@pytest.fixture(params=["no script", "Jenkins"])
def bare(chromium: Browser, whole: str, whole_url: str, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The page without its script, and without its style as well."""
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    if request.param == "Jenkins":
        page.route("http://jenkins.test/**", lambda route: route.fulfill(body=whole, headers=JENKINS))
        page.goto("http://jenkins.test/report.html")
    else:
        page.goto(whole_url)
    yield page
    context.close()


def test_all_is_told_without_script_and_style(bare: Page, whole: str) -> None:
    assert bare.locator("#summary .ruling .word").inner_text() == "✗ FAIL"
    for section in SECTIONS:
        heading = bare.locator(f'[id="{section.id}-title"]')
        assert heading.is_visible(), section.id
        assert len(bare.locator(f'[id="{section.id}"]').inner_text()) > len(heading.inner_text()) + 40, section.id
    assert bare.locator("details.case").count() == 20
    assert bare.locator("details.case .headline").evaluate_all("all => all.every(one => one.checkVisibility())")
    bare.evaluate(OPEN)
    seen = "all => all.filter(one => one.checkVisibility() && one.textContent.trim()).length"
    assert bare.locator("data.value").evaluate_all(seen) == whole.count('<data class="value"') > 50
    assert bare.locator("details.case .prompt .text").evaluate_all(seen) >= 20
    assert bare.locator("details.case .side .text").evaluate_all(seen) >= 40
    assert bare.locator("svg[role=img]").evaluate_all(
        "all => all.every(one => one.checkVisibility() && one.querySelector('title').textContent)"
    )


def test_every_mark_keeps_its_colour_and_its_words_without_style(bare: Page) -> None:
    wrong = bare.locator("svg[role=img] *").evaluate_all(
        """all => {
            const paint = document.createElement("i"), wrong = [];
            for (const one of all) for (const name of ["fill", "stroke"]) {
                const given = one.getAttribute(name);
                if (!/^#[0-9a-f]{6}$/i.test(given || "")) continue;
                const [r, g, b] = [1, 3, 5].map(place => parseInt(given.slice(place, place + 2), 16));
                const told = getComputedStyle(one)[name];
                if (told !== `rgb(${r}, ${g}, ${b})`) wrong.push([one.localName, name, given, told]);
            }
            return wrong;
        }"""
    )
    assert wrong == []
    painted = bare.locator("svg[role=img] [fill^='#'], svg[role=img] [stroke^='#']").count()
    assert painted > 50


@pytest.mark.parametrize("how", [{"forced_colors": "active"}, {"reduced_motion": "reduce"}])
def test_verdict_and_standings_are_words_and_shapes_and_nothing_moves(
    chromium: Browser, whole_url: str, how: dict[str, Any]
) -> None:
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, **how)
    page = context.new_page()
    page.goto(whole_url)
    page.wait_for_selector("html[data-ready]")
    page.evaluate(OPEN)
    word = page.locator("#summary .ruling .word")
    assert word.inner_text() == "✗ FAIL"
    assert word.evaluate("one => getComputedStyle(one).color !== getComputedStyle(document.body).backgroundColor")
    moves = {" ".join(one.split()) for one in page.locator(".move").all_inner_texts()}
    assert moves and moves <= {"worse ✗", "better ✓"}
    outcomes = page.locator("#verdict .rules b").all_inner_texts()
    assert outcomes and all(re.search(r"[A-Za-z]{4}", one) for one in outcomes)
    rows = page.locator("#difference .plot tbody tr")
    assert rows.count() > 5
    assert rows.evaluate_all(
        "all => all.every(one => /worse|better|within noise|cannot be told|not told/.test(one.textContent))"
    ), rows.first.inner_text()
    shapes = {
        role: page.locator(f"#trend svg {shape}").count()
        for role, shape in (("candidate", "circle"), ("baseline", "rect"))
    }
    assert all(shapes.values()), shapes
    assert page.evaluate("document.getAnimations().length") == 0
    assert page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "auto"
    context.close()
