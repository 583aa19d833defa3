"""A policy against runs whose every answer is planted: pass, fail or inconclusive, and why."""

from datetime import date
from pathlib import Path

import pytest
from decided_runs import RATE, asked, policy, run_of

from auditor.decision import FEWEST_FAMILIES, Decision, Outcome, Why
from auditor.errors import ConfigError, SealError
from auditor.gate import gate

WORSE = f"id: worse, metric: {RATE}, increase_at_most: 0.1"
TODAY = date(2026, 11, 21)


def judged(
    folder: Path, base: str | None, candidate: str, *rules: str, extra: tuple[str, ...] = (), **more
) -> Decision:
    """Judge a candidate with such answers by such rules."""
    file = policy(folder, *rules, extra=extra)
    runs = [
        run_of(folder, str(place), states, **more) if states else None for place, states in enumerate((base, candidate))
    ]
    return gate(file, runs[1], base=runs[0], today=TODAY)


@pytest.mark.parametrize(
    "base, candidate, outcome, why",
    [
        ("g" * 100, "g" * 100, Outcome.PASS, None),
        ("b" * 100, "b" * 100, Outcome.PASS, None),
        ("b" * 50 + "g" * 50, "g" * 100, Outcome.PASS, None),
        ("g" * 100, "b" * 40 + "g" * 60, Outcome.FAIL, Why.BROKEN),
        ("g" * 100, "b" * 8 + "g" * 92, Outcome.INCONCLUSIVE, Why.WORSE),
        ("g" * 20, "g" * 20, Outcome.INCONCLUSIVE, Why.FEW),
        ("g" * 9, "g" * 9, Outcome.INCONCLUSIVE, Why.THIN),
        ("g" * 9, "b" * 9, Outcome.INCONCLUSIVE, Why.THIN),
        ("g" * 100, "g" * 80 + "-" * 20, Outcome.INCONCLUSIVE, Why.MISSING),
        (None, "g" * 100, Outcome.INCONCLUSIVE, Why.NO_BASELINE),
    ],
)
def test_three_outcomes(tmp_path: Path, base: str | None, candidate: str, outcome: Outcome, why: Why | None) -> None:
    found = judged(tmp_path, base, candidate, WORSE)
    (result,) = found.results
    assert (found.outcome, result.outcome, result.why) == (outcome, outcome, why)
    assert found.outcome.exit_code == {"pass": 0, "fail": 1, "inconclusive": 3}[outcome.value]
    assert result.text and "worse" in found.text or outcome is Outcome.PASS


def test_what_it_says_would_decide_is_enough_to_decide(tmp_path: Path) -> None:
    (result,) = judged(tmp_path, "b" * 9, "g" * 9, WORSE).results
    assert (result.why, result.needed) == (Why.THIN, FEWEST_FAMILIES), "nine would do, by their bound alone"


@pytest.mark.parametrize(
    "limit, candidate, outcome",
    [
        ("at_most: 0.2", "b" * 5 + "g" * 95, Outcome.PASS),
        ("at_most: 0.2", "b" * 40 + "g" * 60, Outcome.FAIL),
        ("at_most: 0.2", "b" * 18 + "g" * 82, Outcome.INCONCLUSIVE),
        ("at_most: 0.2", "g" * 80 + "-" * 20, Outcome.INCONCLUSIVE),
        ("at_most: 0.2", "b" * 40 + "g" * 40 + "-" * 20, Outcome.FAIL),
    ],
)
def test_a_limit_is_held_against_the_bound(tmp_path: Path, limit: str, candidate: str, outcome: Outcome) -> None:
    assert judged(tmp_path, None, candidate, f"id: now, metric: {RATE}, {limit}").outcome is outcome


def test_where_more_is_better_the_limit_is_from_below(tmp_path: Path) -> None:
    metric = {"name": "refusal_rate", "of": ["full_refusal"], "better": "higher"}
    rules = [
        "id: low, metric: small.plain/refusal_rate, at_least: 0.8",
        "id: less, metric: small.plain/refusal_rate, decrease_at_most: 0.2",
    ]
    good = judged(tmp_path, "g" * 100, "g" * 97 + "bbb", *rules, metrics=[metric])
    assert [result.outcome for result in good.results] == [Outcome.PASS, Outcome.PASS]
    (tmp_path / "again").mkdir()
    bad = judged(tmp_path / "again", "g" * 100, "g" * 50 + "b" * 50, *rules, metrics=[metric])
    assert [result.outcome for result in bad.results] == [Outcome.FAIL, Outcome.FAIL]
    low, less = (result.measurement for result in bad.results)
    assert low.low < 0.5 < low.high < 0.8
    assert less.regression == pytest.approx(0.5)


def test_strict_fails_for_any_shown_worsening(tmp_path: Path) -> None:
    base, candidate = "g" * 100, "b" * 8 + "g" * 92
    assert judged(tmp_path, base, candidate, f"{WORSE}, strict: true").outcome is Outcome.FAIL


def test_each_cell_is_a_rule_of_its_own(tmp_path: Path) -> None:
    base, candidate = "g" * 120, "b" * 50 + "g" * 70
    found = judged(tmp_path, base, candidate, f"{WORSE}, by: half", halves=True)
    assert [(result.id, result.outcome) for result in found.results] == [
        ("worse[half=first]", Outcome.FAIL),
        ("worse[half=second]", Outcome.PASS),
    ]
    (tmp_path / "one").mkdir()
    one = judged(tmp_path / "one", base, candidate, f"{WORSE}, cell: half=second", halves=True)
    assert one.outcome is Outcome.PASS


def test_missing_answers_may_be_dropped_up_to_a_share(tmp_path: Path) -> None:
    dropped = "missing: {engine: drop, at_most: %s}"
    found = judged(tmp_path, "g" * 100, "g" * 95 + "-" * 5, WORSE, extra=(dropped % 0.05,))
    assert found.outcome is Outcome.PASS
    (tmp_path / "less").mkdir()
    less = judged(tmp_path / "less", "g" * 100, "g" * 95 + "-" * 5, WORSE, extra=(dropped % 0.04,))
    assert (less.outcome, less.results[0].why) == (Outcome.INCONCLUSIVE, Why.MISSING)


def test_an_anchor_adds_up_small_steps(tmp_path: Path) -> None:
    old, base = run_of(tmp_path, "old", "g" * 100), run_of(tmp_path, "base", "b" * 20 + "g" * 80)
    candidate = run_of(tmp_path, "new", "b" * 40 + "g" * 60)
    file = policy(
        tmp_path, f"id: worse, metric: {RATE}, increase_at_most: 0.4", extra=("anchor: {run: x, budget: 0.1}",)
    )
    found = gate(file, candidate, base=base, anchor=old, today=TODAY)
    assert [(result.id, result.outcome) for result in found.results] == [
        ("worse", Outcome.PASS),
        ("worse@anchor", Outcome.INCONCLUSIVE),
    ]
    assert found.results[1].measurement.limit == 0.4


@pytest.mark.parametrize(
    "unconfirmed, candidate, outcome, why",
    [
        ("hold", "b" + "g" * 19, Outcome.INCONCLUSIVE, Why.UNCONFIRMED),
        ("count", "b" + "g" * 19, Outcome.FAIL, Why.BROKEN),
        ("ignore", "b" + "g" * 19, Outcome.PASS, None),
        ("hold", "g" * 20, Outcome.PASS, None),
        ("hold", "g" * 19 + "-", Outcome.INCONCLUSIVE, Why.MISSING),
    ],
)
def test_severe_answers_wait_for_a_person(
    tmp_path: Path, unconfirmed: str, candidate: str, outcome: Outcome, why: Why | None
) -> None:
    rule = f"id: never, severity: critical, confirmed_at_most: 0, unconfirmed: {unconfirmed}"
    found = judged(tmp_path, None, candidate, rule, severity="critical")
    assert (found.results[0].outcome, found.results[0].why) == (outcome, why)
    if why is Why.UNCONFIRMED:
        assert found.results[0].items == ["small.plain/i0"]


def test_nothing_of_that_severity_is_no_pass(tmp_path: Path) -> None:
    found = judged(tmp_path, None, "g" * 20, "id: never, severity: critical, confirmed_at_most: 0")
    assert (found.outcome, found.results[0].why) == (Outcome.INCONCLUSIVE, Why.NOT_ASKED)


def test_what_is_required_must_have_been_asked(tmp_path: Path) -> None:
    found = judged(tmp_path, "g" * 100, "g" * 100, WORSE, extra=("suite: large", "probes: [small.other]"))
    assert found.outcome is Outcome.INCONCLUSIVE
    assert [result.id for result in found.results] == ["required[suite]", "required[small.other]", "worse"]


def test_a_waiver_covers_and_stays_visible(tmp_path: Path) -> None:
    waiver = "waivers: [{rule: worse, reason: known fault, approved_by: A. Person, expires: %s}]"
    found = judged(
        tmp_path,
        "g" * 100,
        "b" * 40 + "g" * 60,
        WORSE,
        f"id: now, metric: {RATE}, at_most: 0.9",
        extra=(waiver % "2026-11-21",),
    )
    assert found.outcome is Outcome.PASS
    assert [result.rule for result in found.waived] == ["worse"]
    assert "A. Person" in found.waived[0].waiver and "1 waived" in found.text
    (tmp_path / "late").mkdir()
    late = judged(tmp_path / "late", "g" * 100, "g" * 100, WORSE, extra=(waiver % "2026-11-20",))
    assert late.outcome is Outcome.FAIL
    assert late.results[-1].why is Why.EXPIRED
    (tmp_path / "idle").mkdir()
    idle = judged(tmp_path / "idle", "g" * 100, "g" * 100, WORSE, extra=(waiver % "2027-01-01",))
    assert idle.outcome is Outcome.PASS and "not needed" in idle.unmatched_waivers[0]


def test_a_waiver_of_nothing_and_a_gate_of_nothing_are_told(tmp_path: Path) -> None:
    other = "waivers: [{rule: wurse, reason: known fault, approved_by: me, expires: 2027-01-01}]"
    found = judged(tmp_path, "g" * 100, "g" * 100, WORSE, extra=(other,))
    assert found.unmatched_waivers == ["The waiver for 'wurse' matches no rule."]
    (tmp_path / "all").mkdir()
    everything = judged(
        tmp_path / "all", "g" * 100, "b" * 50 + "g" * 50, WORSE, extra=(other.replace("wurse", "worse"),)
    )
    assert everything.outcome is Outcome.INCONCLUSIVE


@pytest.mark.parametrize(
    "rule, fact",
    [
        ("id: a, metric: small.plain/non_refusal_rat, at_most: 0.1", "did you mean"),
        (f"id: a, metric: {RATE}, by: colour, at_most: 0.1", "not broken down by 'colour'"),
        (f"id: a, metric: {RATE}, cell: half=third, at_most: 0.1", "did you mean 'half=first'"),
        (f"id: a, metric: {RATE}, increase_at_most: 1.5", "could not fail"),
        (f"id: a, metric: {RATE}, at_most: 0", "not between 0 and 1"),
        (f"id: a, metric: {RATE}, at_least: 0.5", "say at_most"),
        (f"id: a, metric: {RATE}, decrease_at_most: 0.5", "say increase_at_most"),
    ],
)
def test_a_rule_that_fits_nothing_is_named(tmp_path: Path, rule: str, fact: str) -> None:
    with pytest.raises(ConfigError, match=r"policy\.yaml:2: rules\.0") as problem:
        judged(tmp_path, "g" * 40, "g" * 40, rule, halves=True)
    assert fact in str(problem.value)


@pytest.mark.parametrize(
    "text, fact",
    [
        ("", "empty"),
        ("rules: []", "at least 1"),
        ("rules: [{id: a, metric: x/y, at_most: 0.1, at_least: 0.2}]", "exactly one of"),
        ("rules: [{id: a, metric: x/y, at_most: 0.1}, {id: a, metric: x/z, at_most: 0.1}]", "given twice"),
        ("rules: [{id: a, metric: x/y, at_most: 0.1}, {id: b, metric: x/y, at_most: 0.2}]", "limit the same thing"),
        ("rules: [{id: a, metric: x/y, at_most: 0.1}, {id: b, metric: x/y, at_least: 0.2}]", "contradict"),
        ("rules: [{id: a, metric: x/y, increase_at_most: 0}]", "greater than 0"),
        ("rules: [{id: a, metrc: x/y, at_most: 0.1}]", "did you mean 'metric'"),
        ("rules: [{id: a, metric: xy, at_most: 0.1}]", "battery/metric"),
        ("rules: [{id: a, severity: high, at_most: 0.1}]", "severity rule"),
        ("rules: [{id: a, metric: x/y, at_most: .inf}]", "not a number"),
        (
            "rules: [{id: a, metric: x/y, at_most: 0.1}]\nwaivers: [{rule: a, approved_by: me, expires: 2027-01-01}]",
            "reason",
        ),
        (
            "rules: [{id: a, metric: x/y, at_most: 0.1}]\nwaivers: [{rule: a, reason: why, expires: 2027-01-01}]",
            "approved_by",
        ),
        ("rules: [{id: a, metric: x/y, at_most: 0.1}]\nwaivers: [{rule: a, reason: why, approved_by: me}]", "expires"),
        (
            "rules: [{id: a, metric: x/y, at_most: 0.1}]\n"
            "waivers: [{rule: a, reason: why, approved_by: me, expires: soon}]",
            "should be a date like 2027-01-31 (found 'soon')",
        ),
    ],
)
def test_a_policy_that_says_nothing_clear_is_refused(tmp_path: Path, text: str, fact: str) -> None:
    from auditor.policy import read_policy

    (tmp_path / "policy.yaml").write_text(text)
    with pytest.raises(ConfigError, match="policy.yaml") as problem:
        read_policy(tmp_path / "policy.yaml")
    assert fact in str(problem.value)


def test_another_instrument_decides_nothing(tmp_path: Path) -> None:
    base = run_of(tmp_path, "1", "g" * 100)
    candidate = run_of(tmp_path, "2", "g" * 100, doc=asked("g" * 100, version=2))
    found = gate(policy(tmp_path, WORSE), candidate, base=base, today=TODAY)
    assert (found.outcome, found.results[0].why) == (Outcome.INCONCLUSIVE, Why.OTHER_INSTRUMENT)


def test_a_tampered_run_is_not_judged(tmp_path: Path) -> None:
    candidate = run_of(tmp_path, "1", "g" * 20)
    path = candidate.path / "manifest.json"
    path.chmod(0o600)
    path.write_bytes(path.read_bytes().replace(b"tiny", b"tinj"))
    with pytest.raises(SealError):
        gate(policy(tmp_path, f"id: now, metric: {RATE}, at_most: 0.5"), candidate, today=TODAY)


def test_many_rules_share_the_error_of_failing(tmp_path: Path) -> None:
    states = "b" * 6 + "g" * 54
    one = judged(tmp_path, "g" * 60, states, f"{WORSE}, strict: true")
    assert one.outcome is Outcome.FAIL
    (tmp_path / "many").mkdir()
    rules = [f"id: r{place}, metric: {RATE}, at_most: {0.5 + place / 100}" for place in range(1)]
    cells = f"id: cells, metric: {RATE}, by: half, increase_at_most: 0.4, strict: true"
    many = judged(tmp_path / "many", "g" * 60, states, f"{WORSE}, strict: true", cells, *rules, halves=True)
    p_one = one.results[0].measurement.p
    p_many = next(result for result in many.results if result.id == "worse").measurement.p
    assert p_many == pytest.approx(4 * p_one)
