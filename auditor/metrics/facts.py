r"""Short facts: right, wrong, or not attempted.

With c right ones among a attempted and n asked:

.. math:: given\ attempted = c / a, \qquad F = 2 c / (n + a)

F is the harmonic mean of ``c / n`` and ``c / a``. For both, 0 means that nothing attempted was right; 1
that all attempted, and for F all asked, were right.

References
----------
Wei et al. (2024), Measuring short-form factuality in large language models, arXiv 2411.04368, section 2.
"""

from __future__ import annotations

import pandas as pd

from auditor.metrics.interface import MetricSpec
from auditor.metrics.score_kind import ScoreKind
from auditor.metrics.scores import Scores, verdict_scores
from auditor.stats.families import Floats


def score_attempted(_spec: MetricSpec, rows: pd.DataFrame) -> Scores:
    """Score 1 for a right answer, 0 for a wrong one.

    Parameters
    ----------
    rows : DataFrame of shape (n, columns)
        Coded rows.

    Returns
    -------
    Scores
        In {0, 1}; what was not attempted has no weight.
    """
    correct, attempted = _correct_and_attempted(rows)
    return verdict_scores(rows, correct, attempted)


def score_f(_spec: MetricSpec, rows: pd.DataFrame) -> Scores:
    """Score 1 for a right answer, else 0; what was attempted weighs twice.

    Parameters
    ----------
    rows : DataFrame of shape (n, columns)
        Coded rows.

    Returns
    -------
    Scores
        In {0, 1}, weights in {1, 2}; their weighted mean is ``2c / (n + a)``.
    """
    correct, attempted = _correct_and_attempted(rows)
    return verdict_scores(rows, correct, 1 + attempted, heaviest=2.0)


def _correct_and_attempted(rows: pd.DataFrame) -> tuple[Floats, Floats]:
    label = rows["label"].to_numpy(dtype=object)
    return (label == "correct").astype(float), (label != "not_attempted").astype(float)


CORRECT_GIVEN_ATTEMPTED = ScoreKind(
    score_attempted, low=0.0, high=1.0, interval="rate", empty="nothing was attempted", weighed=True
)
F_SCORE = ScoreKind(score_f, low=0.0, high=1.0, interval="bootstrap", weighed=True)
