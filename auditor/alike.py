"""Texts that are alike: groups of prompts and answers by their words, made without knowing which of them failed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log, sqrt
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

LONGEST = 1_000
"""Characters of a text that are looked at."""
MOST_WORDS = 2_000
"""Different words of the prompts, and of the answers."""
FEWEST_TEXTS = 20
MOST_GROUPS = 8
DIRECTIONS = 20
"""Of the space in which likeness is measured."""
JUDGED = 1_000
"""Texts by which the number of groups is chosen."""
LONGEST_TERM = 24
TELLING = 1.96
"""Standard errors by which a word must be more frequent inside than outside, to be named."""
PRIOR = 10.0
"""Texts that the prior of a word's frequency is worth."""

Field = Literal["asked", "answered"]


@dataclass(frozen=True, slots=True)
class Term:
    """A word that tells a group of texts from others."""

    field: Field
    """Where it stands."""
    word: str


@dataclass(frozen=True)
class Alike:
    """Texts in groups."""

    groups: NDArray[np.int64]
    """The group of each text, from 0."""
    distance: NDArray[np.float64]
    """From the middle of its group."""
    terms: Sequence[Term]
    has: Any
    """Whether a text has a term: a sparse matrix of texts by terms."""

    def telling(self, inside: NDArray[np.bool_], outside: NDArray[np.bool_], most: int = 5) -> list[Term]:
        """Return the terms that tell texts from others: by their log odds, with a prior, in standard errors.

        Only terms in a third of the texts inside are told. See Monroe, Colaresi and Quinn (2008), Political
        Analysis 16:372-403, section 3.5.1; here by whether a text has the word, however often.
        """
        sizes = int(inside.sum()), int(outside.sum())
        counts = [np.asarray(self.has[mask].sum(axis=0)).ravel().tolist() for mask in (inside, outside)]
        ranked = []
        for term, one, other in zip(self.terms, *counts, strict=True):
            prior = PRIOR * (one + other + 1) / (sum(sizes) + 2)
            odds = [
                log((count + prior) / (size + PRIOR - count - prior))
                for count, size in zip((one, other), sizes, strict=True)
            ]
            weight = (odds[0] - odds[1]) / sqrt(1 / (one + prior) + 1 / (other + prior))
            if weight >= TELLING and 3 * one >= sizes[0]:
                ranked.append((-weight, term.word, term.field, term))
        return [term for *_, term in sorted(ranked, key=lambda row: row[:3])[:most]]


def group_texts(asked: Sequence[str], answered: Sequence[str]) -> Alike | None:
    """Return the texts in groups, or None where there are too few of them or they have no words in common.

    TF-IDF of prompts and of answers, its main directions, and k-means; of 2 to 8 groups the number whose mean
    silhouette is largest. Equal texts in equal order give equal groups.
    """
    if len(asked) < FEWEST_TEXTS:
        return None
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1):  # sums of several threads add up in any order
        return _group(asked, answered)


def _group(asked: Sequence[str], answered: Sequence[str]) -> Alike | None:
    from scipy.sparse import hstack
    from sklearn.cluster import KMeans
    from sklearn.metrics import silhouette_score
    from sklearn.preprocessing import normalize

    fields: dict[Field, Sequence[str]] = {"asked": asked, "answered": answered}
    weighed = {field: found for field, texts in fields.items() if (found := _weigh(texts))}
    if not weighed:
        return None
    table = hstack([matrix for matrix, _ in weighed.values()]).tocsr()
    space = normalize(_main_directions(table))
    kinds = len(np.unique(space.round(6), axis=0))
    best, chosen = 0.0, None
    for count in range(2, min(MOST_GROUPS, len(asked) // 10, kinds - 1) + 1):
        fitted = KMeans(count, n_init=2, random_state=0).fit(space)
        score = silhouette_score(space, fitted.labels_, sample_size=min(JUDGED, len(asked)), random_state=0)
        if score > best + 1e-9:
            best, chosen = score, fitted
    if chosen is None:
        return None
    distance = np.linalg.norm(space - chosen.cluster_centers_[chosen.labels_], axis=1)
    terms = [Term(field, word[:LONGEST_TERM]) for field, (_, words) in weighed.items() for word in words]
    return Alike(chosen.labels_.astype(np.int64), distance.round(9), terms, (table > 0).astype(np.int64).tocsr())


def _weigh(texts: Sequence[str]) -> tuple[Any, list[str]] | None:
    """Return the texts' TF-IDF and its words; None where no word is in two texts, or all are in all."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    weigher = TfidfVectorizer(
        min_df=2, max_df=0.95, max_features=MOST_WORDS, sublinear_tf=True, stop_words="english", dtype=np.float64
    )
    try:
        matrix = weigher.fit_transform([text[:LONGEST] for text in texts])
    except ValueError:  # no words, or none that are left
        return None
    return matrix, weigher.get_feature_names_out().tolist()


def _main_directions(table: Any) -> NDArray[np.float64]:
    from sklearn.decomposition import TruncatedSVD

    count = min(DIRECTIONS, *(size - 1 for size in table.shape))
    if count < 1:
        return np.asarray(table.toarray())
    return np.asarray(TruncatedSVD(count, random_state=0).fit_transform(table))
