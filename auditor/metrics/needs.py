"""What each kind of metric needs of a grader and of items; without it the number can never exist."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from auditor.metrics.interface import KindName, MetricSpec
from auditor.types import Item


@dataclass(frozen=True, slots=True)
class Needs:
    """What must be there for a number to exist."""

    labels: tuple[str, ...] = ()
    """Labels that the grader must be able to give."""
    value: bool = False
    """The grader's verdicts hold a number."""
    reference: str | None = None
    """Some item's `reference` holds this key."""
    tags: Mapping[str, str] = field(default_factory=dict)
    """Some item has all of these tags."""
    pairs: bool = False
    """Some items share a `pair_id`."""


NEEDS: Mapping[KindName, Needs] = {
    "rate": Needs(),
    "mean": Needs(value=True),
    "bbq_accuracy": Needs(reference="correct"),
    "bbq_bias_ambiguous": Needs(labels=("stereotyped", "other"), tags={"context": "ambiguous"}),
    "bbq_bias_clear": Needs(labels=("stereotyped", "other"), tags={"context": "clear"}),
    "flip_share": Needs(pairs=True),
    "group_gap": Needs(value=True, pairs=True),
    "correct_given_attempted": Needs(labels=("correct", "not_attempted")),
    "f_score": Needs(labels=("correct", "not_attempted")),
}


def unmet(
    spec: MetricSpec, labels: AbstractSet[str], items: Sequence[Item], *, gives_value: bool
) -> Iterator[tuple[str, str]]:
    """Yield the field of a metric and why its number cannot exist or says nothing.

    Parameters
    ----------
    spec : MetricSpec
        The metric.
    labels : set of str
        All that the grader can give; empty where they are not known.
    items : sequence of Item
        All of the probe; empty where they are not known.
    gives_value : bool
        Whether the grader's verdicts hold a number.

    Yields
    ------
    (field, fact) : tuple of str
    """
    needs = NEEDS[spec.kind]
    lacking = [label for label in needs.labels if label not in labels]
    if labels and lacking:
        said = " and ".join(f"'{label}'" for label in lacking)
        yield "kind", f"{spec.kind} needs a grader with the label{'s' if len(lacking) > 1 else ''} {said}"
    if needs.value and not gives_value:
        yield "kind", f"{spec.kind} needs a grader that gives a number, e.g. decision"
    if labels and labels <= set(spec.of):
        yield "of", "these are all labels of the grader: the rate is always 100%"
    if items:
        yield from _unmet_by_items(spec, needs, [item for item in items if covers(spec, item)])


def covers(spec: MetricSpec, item: Item) -> bool:
    """Return whether an item has the tags that a metric wants."""
    return all(
        item.tags.get(tag) in ([wanted] if isinstance(wanted, str) else wanted) for tag, wanted in spec.where.items()
    )


def _unmet_by_items(spec: MetricSpec, needs: Needs, items: Sequence[Item]) -> Iterator[tuple[str, str]]:
    if not items:
        return  # the tags of `where` are wrong, or no item has them all
    if needs.reference and not any(item.reference.get(needs.reference) is not None for item in items):
        yield "kind", f"{spec.kind} needs items whose reference says '{needs.reference}'; `contrasts` make such"
    if needs.tags and not any(needs.tags.items() <= item.tags.items() for item in items):
        said = ", ".join(f"{tag}='{value}'" for tag, value in needs.tags.items())
        yield "kind", f"{spec.kind} needs items with {said}; `contrasts` make such"
    if needs.pairs:
        tag = spec.by if any(spec.by in item.tags for item in items) else None  # else it is said that none has it
        pairs: dict[str, set[str]] = defaultdict(set)
        for item in items:
            if item.pair_id is not None:
                pairs[item.pair_id].add(item.tags.get(tag, "") if tag else item.item_id)
        if not any(len(found) > 1 for found in pairs.values()):
            what = f"pairs of items that differ in the tag '{tag}'" if tag else "pairs of items"
            yield "kind", f"{spec.kind} needs {what}; `contrasts`, `items` with `slots` and `generator` make pairs"
