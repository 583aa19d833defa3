"""Numbers that statsmodels computes too, on drawn data: equal to 1e-6 or better."""

import numpy as np
import pytest
import statsmodels.api as sm
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from auditor.stats.means import clustered_error, mean_interval
from auditor.stats.multiplicity import benjamini_hochberg, holm
from auditor.stats.paired import mcnemar_p
from auditor.stats.proportions import clopper_pearson_interval, wilson_interval


@pytest.mark.parametrize("interval, name", [(wilson_interval, "wilson"), (clopper_pearson_interval, "beta")])
@pytest.mark.parametrize("k, n", [(0, 10), (3, 10), (10, 10), (81, 263), (1, 5000)])
def test_intervals_of_a_proportion(interval, name, k, n):
    assert interval(k, n) == pytest.approx(proportion_confint(k, n, method=name), abs=1e-9)


@pytest.mark.parametrize("b, c", [(1, 0), (0, 7), (3, 9), (25, 4), (40, 40)])
def test_mcnemar(b, c):
    assert mcnemar_p(b, c)[0] == pytest.approx(mcnemar([[50, b], [c, 50]], exact=True).pvalue, abs=1e-9)


@pytest.mark.parametrize("adjust, name", [(holm, "holm"), (benjamini_hochberg, "fdr_bh")])
def test_adjusted_p_values(adjust, name):
    p = np.random.default_rng(1).random(40) ** 3
    assert adjust(p) == pytest.approx(multipletests(p, method=name)[1], abs=1e-12)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("weighted", [False, True])
def test_clustered_error_is_that_of_a_regression_on_a_constant(seed, weighted):
    rng = np.random.default_rng(seed)
    families = rng.integers(12, size=60)
    values = rng.normal(size=60) + rng.normal(size=12)[families]
    weights = rng.random(60) + 0.1 if weighted else np.ones(60)
    cluster = {"cov_type": "cluster", "cov_kwds": {"groups": families}, "use_t": True}
    fitted = sm.WLS(values, np.ones(60), weights=weights).fit(**cluster)
    assert clustered_error(values, families, weights=weights) == pytest.approx(fitted.bse[0], rel=1e-9)
    if not weighted:
        assert mean_interval(values, families) == pytest.approx(tuple(fitted.conf_int()[0]), rel=1e-9)
