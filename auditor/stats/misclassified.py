"""A rate as seen by an imperfect grader, corrected for the grader's error."""

from __future__ import annotations

from math import sqrt
from statistics import NormalDist


def corrected_rate(
    rate: float, n: float, sensitivity: float, bad: float, specificity: float, good: float, *, confidence: float = 0.95
) -> tuple[float, float, float] | None:
    r"""Return the Rogan-Gladen estimate of a true rate and its Lang-Reiczigel interval.

    .. math:: p = \frac{r + Sp - 1}{Se + Sp - 1}

    1 means that all are truly bad, 0 that none is. The interval carries the uncertainty of the sensitivity and of
    the specificity: both are moved towards a half as if one more hit and one more miss had been seen. Assumes that
    the labelled answers are like the others of their kind, and that all trials are independent: of answers that
    come in families, give the numbers of families.

    Parameters
    ----------
    rate : float
        Share that the grader calls bad, in [0, 1].
    n : float
        Trials behind it, more than 0.
    sensitivity : float
        Share of the truly bad that the grader calls bad, in [0, 1].
    bad : float
        Truly bad trials behind it, more than 0.
    specificity : float
        Share of the truly good that the grader calls good, in [0, 1].
    good : float
        Truly good trials behind it, more than 0.
    confidence : float, default=0.95
        Nominal coverage, in (0, 1).

    Returns
    -------
    (value, low, high) or None
        In [0, 1]; None where the grader tells bad from good no better than chance.

    References
    ----------
    Rogan and Gladen (1978), American Journal of Epidemiology 107:71-76; Lang and Reiczigel (2014), Preventive
    Veterinary Medicine 113:13-22, equations 6, 7, 16 and 17.

    Examples
    --------
    A grader that finds 90 of 100 bad ones and calls 5 of 100 good ones bad sees 30 of 100:

    >>> print("{:.3f} {:.3f} {:.3f}".format(*corrected_rate(0.30, 100, 0.90, 100, 0.95, 100)))
    0.294 0.182 0.413
    """
    if sensitivity + specificity <= 1:
        return None
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    seen, size = (n * rate + z * z / 2) / (n + z * z), n + z * z
    se, sp = (bad * sensitivity + 1) / (bad + 2), (good * specificity + 1) / (good + 2)
    if se + sp <= 1:
        return None
    p = (seen + sp - 1) / (se + sp - 1)
    of_se, of_sp = se * (1 - se) / (bad + 2), sp * (1 - sp) / (good + 2)
    middle = p + 2 * z * z * (p * of_se - (1 - p) * of_sp)
    half = z * sqrt(seen * (1 - seen) / size + p * p * of_se + (1 - p) ** 2 * of_sp) / (se + sp - 1)
    value = min(max((rate + specificity - 1) / (sensitivity + specificity - 1), 0.0), 1.0)
    low, high = max(middle - half, 0.0), min(middle + half, 1.0)
    return value, min(low, value), max(high, value)
