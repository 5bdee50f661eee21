"""The stated bound holds over re-sampling, whatever the probabilities are worth."""

from __future__ import annotations

import numpy as np
import pytest

from kb_index.bounds import expected_threshold, lowest_threshold, upper_bound


@pytest.mark.parametrize(("answered", "allowed"), [(100, 4), (200, 12), (500, 38)])
def test_at_ten_percent_and_95_percent_confidence_so_many_may_be_wrong(answered: int, allowed: int) -> None:
    assert upper_bound(allowed, answered, 0.95) <= 0.10 < upper_bound(allowed + 1, answered, 0.95)


def test_nothing_is_known_of_nothing() -> None:
    assert upper_bound(0, 0, 0.95) == 1.0
    assert upper_bound(5, 5, 0.95) == 1.0


def test_the_true_risk_exceeds_the_stated_one_in_at_most_five_percent_of_samples() -> None:
    """The probabilities are overconfident, so a threshold read off them would fail."""
    rng = np.random.default_rng(20260301)

    def draw(count: int) -> tuple[np.ndarray, np.ndarray]:
        said = rng.uniform(size=count)
        return said, rng.uniform(size=count) < said**2  # overconfident

    population, population_right = draw(400_000)
    order = np.linspace(0.96, 0.3, 60).tolist()
    broken = stated = 0
    for _ in range(400):
        found = lowest_threshold(order, *draw(2000), 0.10, 0.95)
        if found is not None:
            stated += 1
            broken += (~population_right[population >= found[0]]).mean() > 0.10
    assert broken <= 0.05 * 400 + 2 * np.sqrt(400 * 0.05 * 0.95)
    rng = np.random.default_rng(1)
    enough = sum(lowest_threshold(order, *_perfect(rng, 2000), 0.10, 0.95) is not None for _ in range(50))
    assert enough == 50, "good probabilities must get a statement"
    assert stated > 200, "the test must see statements that could be broken"


def _perfect(rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    said = rng.uniform(size=count)
    return said, said > 0.4


def test_testing_ends_at_the_first_failure() -> None:
    probability = np.array([0.9] * 100 + [0.8] * 100 + [0.7] * 800)
    right = np.array([True] * 100 + [False] * 100 + [True] * 800)
    assert lowest_threshold([0.9, 0.8, 0.7], probability, right, 0.10, 0.95) == (0.9, 100, 0)
    assert lowest_threshold([0.8, 0.9], probability, right, 0.10, 0.95) is None


def test_the_expected_threshold_is_the_lowest_that_keeps_the_share_on_the_sample() -> None:
    probability = np.array([0.9] * 20 + [0.8] * 10 + [0.7] * 70)
    right = np.array([True] * 20 + [False] * 3 + [True] * 7 + [False] * 70)
    assert expected_threshold(probability, right, 0.10) == (0.8, 30, 3)
    assert expected_threshold(probability, right, 0.05) == (0.9, 20, 0)


@pytest.mark.parametrize("count", [0, 1, 19])
def test_too_few_answered_tell_no_share(count: int) -> None:
    assert expected_threshold(np.full(count, 0.9), np.ones(count, bool), 0.10) is None
