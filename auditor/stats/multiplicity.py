"""Many tests at once: p-values adjusted for how many were looked at."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from auditor.stats.families import Floats


def holm(p_values: ArrayLike) -> Floats:
    """Return Holm's adjusted p-values.

    Claiming all that are at most alpha makes any false claim with probability at most alpha, however
    the tests depend on each other.

    Parameters
    ----------
    p_values : array-like of shape (tests,)
        In [0, 1]; nan where a test could not be made, which is then not counted.

    Returns
    -------
    ndarray of shape (tests,)
        In the order given, at least the p-values; nan stays nan.

    References
    ----------
    Holm (1979), Scandinavian Journal of Statistics 6:65-70.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03, 0.005]).round(3).tolist()
    [0.03, 0.06, 0.06, 0.02]
    """
    p = _checked(p_values)
    made = np.flatnonzero(~np.isnan(p))
    order = made[np.argsort(p[made], kind="stable")]
    adjusted = p.copy()
    adjusted[order] = np.minimum(np.maximum.accumulate(p[order] * np.arange(len(order), 0, -1)), 1.0)
    return adjusted


def benjamini_hochberg(p_values: ArrayLike) -> Floats:
    """Return Benjamini and Hochberg's adjusted p-values.

    Of the findings that are at most q a share of at most q is expected to be false. Assumes tests that
    are independent or positively dependent.

    Parameters
    ----------
    p_values : array-like of shape (tests,)
        In [0, 1]; nan where a test could not be made, which is then not counted.

    Returns
    -------
    ndarray of shape (tests,)
        In the order given, between the p-values and :func:`holm`'s; nan stays nan.

    References
    ----------
    Benjamini and Hochberg (1995), Journal of the Royal Statistical Society B 57:289-300; the example
    is its section 3.2, where the first four of fifteen are found at 5%.

    Examples
    --------
    >>> p = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262,
    ...      0.5719, 0.6528, 0.7590, 1.0000]
    >>> int((benjamini_hochberg(p) <= 0.05).sum()), int((holm(p) <= 0.05).sum())
    (4, 3)
    """
    from scipy.stats import false_discovery_control  # slow to import

    adjusted = _checked(p_values).copy()
    made = ~np.isnan(adjusted)
    if made.any():
        adjusted[made] = false_discovery_control(adjusted[made], method="bh")
    return adjusted


def _checked(p_values: ArrayLike) -> Floats:
    p = np.asarray(p_values, dtype=float)
    if ((p < 0) | (p > 1)).any():
        raise ValueError(f"a p-value is in [0, 1], found {np.nanmin(p)} to {np.nanmax(p)}")
    return p
