"""Two runs with planted answers: what turned is found, whatever the order, and nothing else."""

from pathlib import Path

import numpy as np
import pytest
from decided_runs import asked, run_of
from scipy.stats import binomtest

from auditor.compare import Comparison, Difference, Standing, Turn, compare
from auditor.errors import DataError, SealError


def total(comparison: Comparison) -> Difference:
    (found,) = [one for one in comparison.differences if one.cell == "all"]
    return found


def test_what_turned_is_counted_and_tested(tmp_path: Path) -> None:
    base = run_of(tmp_path, "1", "b" * 10 + "g" * 50)
    candidate = run_of(tmp_path, "2", "bbbbbbbgggg" + "b" * 14 + "g" * 35)
    (found,) = compare(base, [candidate])
    turns = [one.turn for one in found.items]
    assert [turns.count(turn) for turn in Turn] == [14, 3, 7]
    number = total(found)
    assert (number.before, number.after) == pytest.approx((10 / 60, 21 / 60))
    assert number.regression == pytest.approx(11 / 60)
    assert number.p == pytest.approx(binomtest(3, 17).pvalue)
    assert number.discordant == 17
    assert number.low is not None and 0 < number.low < number.regression
    assert number.standing is Standing.WORSE
    assert [one.item_id for one in found.items][:1] == ["small.plain/i11"]


def test_a_change_for_the_better_is_the_mirror(tmp_path: Path) -> None:
    one, two = run_of(tmp_path, "1", "b" * 20 + "g" * 40), run_of(tmp_path, "2", "g" * 57 + "bbb")
    there, back = (total(compare(*pair)[0]) for pair in ((one, [two]), (two, [one])))
    assert there.standing is Standing.BETTER and back.standing is Standing.WORSE
    assert (there.low, there.high, there.p) == pytest.approx((-back.high, -back.low, back.p))


def test_a_run_against_itself_is_no_change(tmp_path: Path) -> None:
    run = run_of(tmp_path, "1", "bg" * 30)
    number = total(compare(run, [run])[0])
    assert (number.regression, number.discordant, number.p) == (0, 0, 1)
    assert number.standing is Standing.NOISE
    assert number.low is not None and number.high is not None and number.low < 0 < number.high


@pytest.mark.parametrize("states", ["bg", "b-", "gggg", "bbbb", "b" * 9, "b" + "-" * 20])
def test_little_says_little(tmp_path: Path, states: str) -> None:
    base = run_of(tmp_path, "1", "g" * len(states))
    candidate = run_of(tmp_path, "2", states)
    number = total(compare(base, [candidate])[0])
    assert number.standing is Standing.OPEN
    assert number.reason


def test_missing_answers_can_take_a_finding_back(tmp_path: Path) -> None:
    base = run_of(tmp_path, "1", "g" * 60)
    few, many = (
        run_of(tmp_path, "2", "b" * 14 + "-" * 2 + "g" * 44),
        run_of(tmp_path, "3", "b" * 9 + "-" * 25 + "g" * 26),
    )
    certain, open_ = (total(compare(base, [candidate])[0]) for candidate in (few, many))
    assert certain.standing is Standing.WORSE and certain.missing == 2
    assert open_.missing == 25 and open_.worst_high > open_.high
    silent = run_of(tmp_path, "4", "g" * 35 + "-" * 25)
    doubtful = total(compare(run_of(tmp_path, "5", "b" * 15 + "g" * 45), [silent])[0])
    assert doubtful.high < 0 and doubtful.standing is Standing.OPEN and "missing" in doubtful.reason


def test_pairs_are_by_content_not_by_place_or_name(tmp_path: Path) -> None:
    states = "bbbbbbbbbbbb" + "g" * 24
    base = run_of(tmp_path, "1", states)
    doc = asked(states)
    doc["data"]["items"] = [{**item, "id": f"other{item['id']}"} for item in reversed(doc["data"]["items"])]
    candidate = run_of(tmp_path, "2", states, doc=doc)
    with pytest.raises(DataError, match="small.plain: its content changed"):
        compare(base, [candidate])
    (found,) = compare(base, [candidate], force=True)
    assert found.forced and found.shared == len(states)
    assert total(found).discordant == 0
    assert {one.turn for one in found.items} == {Turn.STILL}


def test_another_instrument_is_refused_by_name(tmp_path: Path) -> None:
    base = run_of(tmp_path, "1", "bg" * 20)
    candidate = run_of(tmp_path, "2", "bg" * 20, doc=asked("bg" * 20, version=2))
    with pytest.raises(DataError, match="small.plain: version 1 there, 2 here"):
        compare(base, [candidate])


def test_nothing_in_common_is_said(tmp_path: Path) -> None:
    base = run_of(tmp_path, "1", "bg" * 10)
    doc = asked("bg" * 10)
    doc["id"] = "small.other"
    candidate = run_of(tmp_path, "2", "bg" * 10, doc=doc)
    with pytest.raises(DataError, match="no item in common"):
        compare(base, [candidate])


def test_only_what_both_asked_is_compared(tmp_path: Path) -> None:
    base = run_of(tmp_path, "1", "b" * 10 + "g" * 20)
    doc = asked("g" * 40)
    candidate = run_of(tmp_path, "2", "b" * 10 + "g" * 20 + "b" * 10, doc=doc)
    (found,) = compare(base, [candidate], force=True)
    assert (found.shared, len(found.only_base), len(found.only_candidate)) == (30, 0, 10)
    assert total(found).regression == 0


def test_families_are_what_is_counted(tmp_path: Path) -> None:
    base = run_of(tmp_path, "1", "g" * 60, per_family=5)
    candidate = run_of(tmp_path, "2", "b" * 10 + "g" * 50, per_family=5)
    number = total(compare(base, [candidate])[0])
    assert (number.families, number.compared) == (12, 60)
    assert number.p == 0.5  # two families of twelve
    assert number.standing is Standing.NOISE


def test_several_candidates_are_adjusted_together(tmp_path: Path) -> None:
    base = run_of(tmp_path, "1", "g" * 40)
    worse = run_of(tmp_path, "2", "b" * 6 + "g" * 34)
    alone = total(compare(base, [worse])[0])
    others = [run_of(tmp_path, str(version), "g" * 40) for version in (3, 4, 5)]
    together = total(compare(base, [worse, *others])[0])
    assert alone.standing is Standing.WORSE
    assert alone.p == together.p and together.q > alone.q
    assert together.standing is Standing.OPEN
    assert together.reason == "its interval leaves 0 out, but with so many numbers that may be chance"


def test_the_noise_floor_is_the_baseline_asked_again(tmp_path: Path) -> None:
    base = run_of(tmp_path, "1", "g" * 40)
    again, candidate = run_of(tmp_path, "1b", "bb" + "g" * 38), run_of(tmp_path, "2", "bbbbbb" + "g" * 34)
    noise = total(compare(base, [candidate], again=again)[0]).noise
    assert noise is not None and (noise.compared, noise.discordant) == (40, 2)


def test_a_tampered_run_is_not_compared(tmp_path: Path) -> None:
    base, candidate = run_of(tmp_path, "1", "bg" * 10), run_of(tmp_path, "2", "bg" * 10)
    path = candidate.path / "estimates.json"
    path.chmod(0o600)
    path.write_bytes(path.read_bytes().replace(b"0.5", b"0.1"))
    with pytest.raises(SealError):
        compare(base, [candidate])


def test_false_findings_are_as_rare_as_promised(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    base = run_of(tmp_path, "base", "g" * 200)
    found = 0
    for version in range(12):
        states = "".join("b" if one else "g" for one in rng.random(200) < 0.002)
        found += total(compare(base, [run_of(tmp_path, f"v{version}", states)])[0]).standing is Standing.WORSE
    assert found <= 2
