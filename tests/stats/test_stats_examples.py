import doctest

import pytest

from auditor.stats import (
    association,
    betting,
    bootstrap,
    bounds,
    calibration,
    deciding,
    extremes,
    families,
    means,
    misclassified,
    missing,
    multiplicity,
    paired,
    permutation,
    power,
    proportions,
)

MODULES = [
    association,
    betting,
    bootstrap,
    bounds,
    calibration,
    deciding,
    extremes,
    families,
    means,
    misclassified,
    missing,
    multiplicity,
    paired,
    permutation,
    power,
    proportions,
]


@pytest.mark.parametrize("module", MODULES, ids=lambda m: m.__name__)
def test_the_examples_in_the_docstrings_are_true(module):
    failed, tried = doctest.testmod(module)
    assert tried > 0
    assert failed == 0
