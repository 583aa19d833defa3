"""`auditor report --site`: grows with the store, makes only what is new, survives a kill, obeys no name."""

from __future__ import annotations

import html
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from hypothesis import given
from hypothesis import strategies as st

from auditor.render import site as site_module
from auditor.render.site_files import SAFE, safe_name

Auditor = Callable[..., Result]
SITE = Path("public")
RULES = "suite: small\nrules:\n  - {id: refuses, metric: small.food/non_refusal_rate, at_most: 0.5}\n"


def files(folder: Path = SITE) -> dict[str, bytes]:
    """Return every file of a site."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def build(auditor: Auditor, *more: str) -> Result:
    """Bring the site up to date."""
    done = auditor("report", "--site", SITE, *more)
    assert done.exit_code == 0, done.output
    return done


def links(page: bytes) -> set[str]:
    """Return where the index leads."""
    return {html.unescape(link) for link in re.findall(r'href="([^"#]+)', page.decode())}


def test_the_site_holds_a_report_for_each_version_and_grows(auditor: Auditor, two_audits: Path) -> None:
    first, second = sorted(two_audits.glob("bot@*"))
    shutil.copytree(first, Path("audits") / first.name)
    done = build(auditor)
    assert done.stderr.endswith("models 1, versions 1, made 1, kept 0, removed 0\n")
    before = files()
    assert sorted(before) == ["bot/1.html", "index.html", "site.json"]
    shutil.copytree(second, Path("audits") / second.name)
    done = build(auditor)
    assert done.stderr.endswith("models 1, versions 2, made 1, kept 1, removed 0\n")
    after = files()
    assert after["bot/1.html"] == before["bot/1.html"]
    assert b"Compared with <bdi>bot@1</bdi>" in after["bot/2.html"]
    assert links(after["index.html"]) == {"bot/1.html", "bot/2.html"}
    index = after["index.html"].decode()
    assert index.index('href="bot/2.html"') < index.index('href="bot/1.html"')
    assert (SITE / "index.html").stat().st_mode & 0o044 == 0o044, "a web server may read it"


def test_nothing_is_made_again_and_the_bytes_are_equal(audited: Auditor) -> None:
    build(audited)
    before, stamps = files(), {path: path.stat().st_mtime_ns for path in SITE.rglob("*.html")}
    assert build(audited).stderr.endswith("made 0, kept 2, removed 0\n")
    assert {path: path.stat().st_mtime_ns for path in SITE.rglob("*.html")} == stamps
    shutil.rmtree(SITE)
    build(audited)
    assert files() == before


def test_what_was_changed_by_another_hand_is_made_again(audited: Auditor) -> None:
    build(audited)
    before = files()
    (SITE / "bot" / "1.html").write_text("forged", encoding="utf-8")
    (SITE / "index.html").write_text("forged", encoding="utf-8")
    assert build(audited).stderr.endswith("made 1, kept 1, removed 0\n")
    assert files() == before
    (SITE / "site.json").write_text("{", encoding="utf-8")
    done = build(audited)
    assert "what the last build left cannot be read" in done.stderr
    assert files() == before


def test_a_policy_is_told_in_the_index_and_another_one_makes_all_again(audited: Auditor) -> None:
    build(audited)
    assert "None was judged" in (SITE / "index.html").read_text("utf-8")
    Path("policy.yaml").write_text(RULES, encoding="utf-8")
    assert build(audited, "--policy", "policy.yaml").stderr.endswith("made 2, kept 0, removed 0\n")
    index = (SITE / "index.html").read_text("utf-8")
    assert "NOT ENOUGH EVIDENCE" in index and "policy.yaml" in index
    assert "made 0" in build(audited, "--policy", "policy.yaml").stderr
    Path("policy.yaml").write_text(RULES.replace("0.5", "0.1"), encoding="utf-8")
    assert "made 2" in build(audited, "--policy", "policy.yaml").stderr


def test_a_removed_run_vanishes_and_foreign_files_stay(audited: Auditor) -> None:
    build(audited)
    (SITE / "CNAME").write_text("audits.example.org", encoding="utf-8")
    (SITE / "bot" / "notes.txt").write_text("mine", encoding="utf-8")
    shutil.rmtree(next(Path("audits").glob("bot@1.*")))
    assert build(audited).stderr.endswith("versions 1, made 1, kept 0, removed 1\n")
    assert sorted(files()) == ["CNAME", "bot/2.html", "bot/notes.txt", "index.html", "site.json"]


def test_what_a_killed_build_left_is_removed(audited: Auditor) -> None:
    build(audited)
    whole = sorted(files())
    for place in (SITE, SITE / "bot"):
        (place / ".auditor-0123456789abcdef.tmp").write_text("half a page", encoding="utf-8")
    (SITE / ".auditor-mine.tmp").write_text("mine", encoding="utf-8")
    build(audited)
    assert sorted(files()) == sorted([*whole, ".auditor-mine.tmp"])


def test_a_state_cannot_make_it_remove_what_is_not_a_page(audited: Auditor) -> None:
    build(audited)
    state = json.loads((SITE / "site.json").read_text("utf-8"))
    page = state["pages"]["bot/1.html"]
    state["pages"] |= dict.fromkeys(("../said.jsonl", "../audits/x.html", "bot/../../probes/x.html"), page)
    (SITE / "site.json").write_text(json.dumps(state), encoding="utf-8")
    build(audited)
    assert Path("said.jsonl").exists()
    assert sorted(files()) == ["bot/1.html", "bot/2.html", "index.html", "site.json"]


def test_a_kill_in_the_middle_leaves_the_old_site_whole(audited: Auditor, monkeypatch: pytest.MonkeyPatch) -> None:
    build(audited)
    before = files()
    Path("policy.yaml").write_text(RULES, encoding="utf-8")
    render, made = site_module.render_material, []

    def killed(material: Any) -> str:
        if made:
            raise KeyboardInterrupt
        made.append(material)
        return render(material)

    with monkeypatch.context() as patch:
        patch.setattr(site_module, "render_material", killed)
        assert audited("report", "--site", SITE, "--policy", "policy.yaml").exit_code == 130
    between = files()
    assert (between.keys(), between["index.html"]) == (before.keys(), before["index.html"])
    assert all(page.rstrip().endswith(b"</html>") for name, page in between.items() if name.endswith(".html"))
    assert build(audited, "--policy", "policy.yaml").stderr.endswith("made 1, kept 1, removed 0\n")


def test_a_broken_run_is_named_and_left_out(audited: Auditor) -> None:
    broken = next(Path("audits").glob("bot@2.*"))
    (broken / "estimates.json").write_text("{}", encoding="utf-8")
    damaged = Path("audits") / "gone@3.20260101-000000.abcdabcd"
    shutil.copytree(broken, damaged)
    (damaged / "manifest.json").write_text("{", encoding="utf-8")
    done = build(audited)
    assert f"Warning: {broken.name} is left out: it is not as it was sealed" in done.stderr
    assert f"Warning: {damaged.name} is left out: " in done.stderr
    index = (SITE / "index.html").read_text("utf-8")
    assert broken.name in index and damaged.name in index
    assert str(Path.cwd()) not in index
    assert links(index.encode()) == {"bot/1.html"}
    done = build(audited, "bot@1", "bot@2")
    assert "is left out" in done.stderr


def test_an_empty_store_and_a_folder_of_another_are_refused(auditor: Auditor, audited: Auditor) -> None:
    done = auditor("report", "--site", SITE, "--store", "nothing")
    assert done.exit_code == 2
    assert "the store nothing holds no finished run" in done.stderr
    assert not SITE.exists()
    SITE.mkdir()
    (SITE / "index.html").write_text("mine", encoding="utf-8")
    done = audited("report", "--site", SITE)
    assert (done.exit_code, "is not of a site that auditor made" in done.stderr) == (4, True)
    assert (SITE / "index.html").read_text("utf-8") == "mine"


@pytest.mark.parametrize("more", [("-f", "json"), ("-o", "x.html"), ("--against", "bot@1")])
def test_options_that_a_site_cannot_have_are_refused(audited: Auditor, more: tuple[str, ...]) -> None:
    assert audited("report", "--site", SITE, *more).exit_code == 2
    assert audited("report").exit_code == 2


def test_two_models_in_one_store_and_chosen_runs(audited: Auditor) -> None:
    done = audited("run", "said.jsonl", "--suite", "small", "--name", "Bot@1")
    assert done.exit_code == 0, done.output
    build(audited)
    index = (SITE / "index.html").read_text("utf-8")
    assert "2 models, 3 versions" in index
    assert len({link.lower() for link in links(index.encode())}) == 3
    assert all((SITE / link).is_file() and SAFE.fullmatch(Path(link).parts[0]) for link in links(index.encode()))
    build(audited, "bot@2")
    assert sorted(files()) == ["bot/2.html", "index.html", "site.json"]


@given(st.text(st.characters(exclude_categories=()), max_size=120))
def test_a_name_is_safe_on_every_system(text: str) -> None:
    name = safe_name(text)
    assert SAFE.fullmatch(name) and len(name) <= 60 and ".." not in Path(name).parts
    assert name == name.lower() and not name.endswith(".")


def test_no_two_names_share_a_file() -> None:
    names = ["bot", "Bot", "BOT", "b/ot", "b-ot", "..", ".", "", "con", "index.html", "site.json", "a" * 300, "a" * 301]
    made = [safe_name(name) for name in names]
    forged = [safe_name(name) for name in made if name not in names]
    assert len({*made, *forged}) == len(made) + len(forged)
    assert safe_name("my-model") == "my-model" and safe_name("1.0") == "1.0"
