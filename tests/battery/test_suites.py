"""Laws of choosing families, and what a suite file with mistakes gets."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.battery.library import Library
from auditor.battery.schema import SuiteEntry
from auditor.battery.suites import choose, read_suite
from auditor.content import content
from auditor.errors import ConfigError, ProbeError
from auditor.types import Item


def item(family: int, kind: str) -> Item:
    return Item(f"p/{family}", "p", f"p/f{family}", (f"{family}?",), tags={"kind": kind})


families = st.lists(st.tuples(st.integers(0, 60), st.sampled_from("abc")), min_size=1, unique_by=lambda one: one[0])


@given(families, st.integers(1, 5), st.integers(0, 9), st.randoms())
def test_the_order_of_items_does_not_matter(pool: list[tuple[int, str]], most: int, seed: int, draw: Random) -> None:
    items = [item(*one) for one in pool]
    entry = SuiteEntry(probe="p", version=1, families=most, per="kind")
    chosen = {one.item_id for one in choose(items, entry, seed=seed)}
    draw.shuffle(items)
    assert {one.item_id for one in choose(items, entry, seed=seed)} == chosen


@given(families, st.integers(1, 5), st.integers(0, 9))
def test_each_stratum_gets_its_share(pool: list[tuple[int, str]], most: int, seed: int) -> None:
    items = [item(*one) for one in pool]
    chosen = choose(items, SuiteEntry(probe="p", version=1, families=most, per="kind"), seed=seed)
    for kind in "abc":
        there = sum(one.tags["kind"] == kind for one in items)
        assert sum(one.tags["kind"] == kind for one in chosen) == min(most, there)


@given(families, st.integers(1, 5), st.integers(0, 9))
def test_a_new_family_displaces_at_most_one(pool: list[tuple[int, str]], most: int, seed: int) -> None:
    items = [item(*one) for one in pool]
    entry = SuiteEntry(probe="p", version=1, families=most)
    before = {one.family_id for one in choose(items, entry, seed=seed)}
    after = {one.family_id for one in choose([*items, item(99, "a")], entry, seed=seed)}
    assert len(before - after) <= 1


@given(families, st.integers(1, 8), st.integers(0, 9))
def test_a_limit_bounds_the_families(pool: list[tuple[int, str]], limit: int, seed: int) -> None:
    items = [item(*one) for one in pool]
    chosen = choose(items, SuiteEntry(probe="p", version=1, per="kind"), seed=seed, limit=limit)
    assert len({one.family_id for one in chosen}) == min(limit, len(items))


def suite(folder: Path, text: str) -> str:
    path = folder / "mine.yaml"
    path.write_text(f"id: mine\ntitle: t\ndescription: d\nversion: 1\n{text}")
    return str(path)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "probes: [{probe: harm.dirct, version: 1}]\n",
            "mine.yaml:5: probes.0.probe: probe 'harm.dirct' is unknown; did",
        ),
        ("probes: [{probe: harm.direct, version: 9}]\n", "'harm.direct' is at version 1, the suite pins 9"),
        ("probes: [{probe: harm.direct}]\n", "the key 'version' is missing"),
        (
            "probes: [{probe: harm.direct, version: 1}]\n"
            "pooled: [{battery: harm, metric: m, weights: {harm.direct: 1}}]\n",
            "'harm.direct' has no metric 'm'",
        ),
        (
            "probes: [{probe: harm.direct, version: 1}]\npooled: [{battery: harm, metric: m, weights: {harm.x: 1}}]\n",
            "'harm.x' is not among the suite's probes",
        ),
        *(
            (
                "probes: [{probe: harm.direct, version: 1}]\npooled: [{battery: harm, metric: non_refusal_rate, "
                f"weights: {{harm.direct: {weight}}}}}]\n",
                f"mine.yaml:6: pooled.0.weights.harm.direct: {fact}",
            )
            for weight, fact in (("0", "should be greater"), ("-1", "should be"), (".inf", "inf"), ("1e308", "should"))
        ),
    ],
)
def test_a_suite_with_mistakes(tmp_path: Path, text: str, expected: str) -> None:
    library = Library((Path(str(content("probes"))),))
    with pytest.raises(ProbeError) as caught:
        read_suite(suite(tmp_path, text), library)
    assert expected in str(caught.value)


def test_an_unknown_suite_names_the_nearest() -> None:
    with pytest.raises(ConfigError) as caught:
        read_suite("quik", Library((Path(str(content("probes"))),)))
    assert caught.value.hint == "did you mean 'quick'?"
