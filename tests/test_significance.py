"""Is a difference real: the test holds its level, finds what it says it finds, and intervals cover what they should."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eval.metrics import area_under_roc
from eval.significance import (
    Sums,
    Surety,
    bootstrap,
    curve_difference,
    detectable,
    differences,
    holm,
    power,
    randomisation,
)

BATCHES, EACH = 10, 100


def sums(totals, counts=None):
    totals = np.asarray(totals, dtype=float)
    return Sums(totals, np.ones_like(totals) if counts is None else np.asarray(counts, dtype=float))


def column(values):
    return sums([[value] for value in values])


def answers_of(chosen, questions, shared):
    """Return right and wrong answers of 100 runs to the same questions, 70 % right, alike as far as they are shared."""
    own = chosen.random((questions, EACH)) < 0.7
    return np.where(chosen.random((questions, EACH)) < 0.5, own, shared).astype(float)


def test_the_test_holds_its_level_on_a_thousand_null_pairs():
    significant = 0
    for batch in range(BATCHES):
        choose = np.random.default_rng(100 + batch)
        shared = choose.random((200, EACH)) < 0.7
        first, second = (sums(answers_of(choose, 200, shared)) for _ in range(2))
        significant += (randomisation(first, second, draws=999, seed=batch) <= 0.05).sum()
    assert 0.03 <= significant / (BATCHES * EACH) <= 0.07


@pytest.mark.parametrize("questions", [300, 600])
def test_a_planted_difference_of_five_points_is_found_as_often_as_computed(questions):
    """A tenth of the questions is won and a twentieth lost: a mean of .05, a deviation of sqrt(.15 - .0025)."""
    found = 0
    for batch in range(BATCHES):
        drawn = np.random.default_rng(batch).random((questions, EACH))
        won, lost = drawn < 0.10, (drawn >= 0.10) & (drawn < 0.15)
        found += (randomisation(sums(lost), sums(won), draws=999, seed=batch) <= 0.05).sum()
    computed = power(0.05, math.sqrt(0.15 - 0.0025), questions)
    assert found / (BATCHES * EACH) == pytest.approx(computed, abs=0.04)


def test_the_intervals_cover_the_truth_as_often_as_they_say():
    covered = 0
    for batch in range(BATCHES):
        drawn = (np.random.default_rng(batch).random((200, EACH)) < 0.7).astype(float)
        low, high = bootstrap(sums(drawn), resamples=999, seed=batch).T
        covered += ((low <= 0.7) & (high >= 0.7)).sum()
    assert 0.93 <= covered / (BATCHES * EACH) <= 0.97


@pytest.mark.parametrize("share", [0.98, 0.995])
def test_the_intervals_cover_what_is_nearly_always_right(share):
    """Of 105 questions often none is wrong; then no resample has a wrong one either."""
    covered = 0
    for batch in range(BATCHES):
        drawn = (np.random.default_rng(batch).random((105, EACH)) < share).astype(float)
        low, high = bootstrap(sums(drawn), resamples=999, seed=batch).T
        covered += ((low <= share) & (high >= share)).sum()
    assert covered / (BATCHES * EACH) >= 0.85


def test_fifteen_questions_of_which_none_is_right_leave_room_for_a_fifth():
    """Clopper and Pearson: 1 - .025 ** (1 / 15); questions without a part don't count."""
    values = sums([[0, 1]] * 15 + [[0, 0]] * 5, [[1, 1]] * 15 + [[0, 0]] * 5)
    (none_low, none_high), (all_low, all_high) = bootstrap(values, resamples=99)
    assert (none_low, all_high) == (0, 1)
    assert (none_high, 1 - all_low) == pytest.approx((0.218, 0.218), abs=5e-4)


def test_the_intervals_of_a_difference_cover_it_too():
    """Ratios with counts of their own: citations on the evidence, .6 of them in one run and .5 in the other."""
    covered = 0
    for batch in range(BATCHES):
        choose = np.random.default_rng(batch)
        counts = choose.integers(0, 4, size=(200, EACH)).astype(float)
        runs = [Sums(choose.binomial(counts.astype(int), share).astype(float), counts) for share in (0.5, 0.6)]
        covered += sum(d.low <= 0.1 <= d.high for d in differences(*runs, draws=999, seed=batch))
    assert 0.93 <= covered / (BATCHES * EACH) <= 0.97


def test_six_questions_all_won_are_significant_and_five_are_not():
    """Of the 64 ways to swap six answers two are as far apart, of the 32 of five also two: .031 and .063."""
    six, five = ((column([0] * n), column([1] * n)) for n in (6, 5))
    assert randomisation(*six)[0] == pytest.approx(2 / 64, abs=0.005)
    assert randomisation(*five)[0] == pytest.approx(2 / 32, abs=0.007)


def test_the_pair_as_it_is_counts_as_one_draw():
    """No swap of 30 questions that are all won is ever as far apart again, and yet p is not nought."""
    assert randomisation(column([0] * 30), column([1] * 30), draws=99)[0] == 1 / 100


def test_p_is_that_of_scipy():
    stats = pytest.importorskip("scipy.stats")
    choose = np.random.default_rng(5)
    before, after = choose.random(12), choose.random(12) + 0.15

    def mean_difference(x, y, axis):
        return np.mean(y, axis=axis) - np.mean(x, axis=axis)

    exact = stats.permutation_test((before, after), mean_difference, permutation_type="samples", n_resamples=np.inf)
    assert randomisation(column(before), column(after))[0] == pytest.approx(exact.pvalue, abs=0.01)


def test_intervals_are_those_of_scipy():
    stats = pytest.importorskip("scipy.stats")
    values = np.random.default_rng(4).random(150)
    theirs = stats.bootstrap((values,), np.mean, method="percentile", rng=np.random.default_rng(1)).confidence_interval
    low, high = bootstrap(column(values))[0]
    assert (low, high) == pytest.approx((theirs.low, theirs.high), abs=0.003)


def test_power_and_the_detectable_difference_are_those_of_the_normal_distribution():
    stats = pytest.importorskip("scipy.stats")
    needed = stats.norm.ppf(0.975) + stats.norm.ppf(0.8)
    assert detectable(0.4, 120) == pytest.approx(needed * 0.4 / math.sqrt(120))
    assert power(detectable(0.4, 120), 0.4, 120) == pytest.approx(0.8, abs=1e-4)
    assert power(0.0, 0.4, 120) == pytest.approx(0.05)


def test_holm_multiplies_by_what_is_left_and_never_falls():
    """Sorted .01, .02, .04: times 3, 2 and 1."""
    assert holm([0.04, 0.01, float("nan"), 0.02])[:2] == pytest.approx([0.04, 0.03])
    assert holm([0.04, 0.01, float("nan"), 0.02])[3] == pytest.approx(0.04)
    assert math.isnan(holm([0.04, 0.01, float("nan"), 0.02])[2])
    assert holm([0.9, 0.8]) == [1, 1]


def test_a_difference_is_told_with_its_effect_and_what_could_be_shown():
    """Of eight questions two are won and one is lost: a mean of 1/8, a deviation of sqrt(23/56)."""
    (found,) = differences(column([0, 0, 1, 0, 1, 1, 0, 0]), column([1, 1, 0, 0, 1, 1, 0, 0]))
    deviation = math.sqrt((3 - 8 / 64) / 7)
    assert (found.first, found.second, found.difference, found.differing) == (3 / 8, 4 / 8, 1 / 8, 3)
    assert found.effect == pytest.approx(1 / 8 / deviation)
    assert found.detectable == pytest.approx(6 / 8)  # six questions have to differ at the least
    assert found.low <= 1 / 8 <= found.high


def test_a_ratio_is_compared_by_its_sums():
    """One citation of two right, then three of four: .5 and .75, though each question's own share says otherwise."""
    before = Sums(np.array([[1.0], [0.0]]), np.array([[1.0], [1.0]]))
    after = Sums(np.array([[1.0], [2.0]]), np.array([[1.0], [3.0]]))
    (found,) = differences(before, after)
    assert (found.first, found.second) == (0.5, 0.75)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 1)), min_size=2, max_size=12))
def test_swapping_the_runs_turns_the_difference_round_and_keeps_p(pairs):
    before, after = column([a for a, _ in pairs]), column([b for _, b in pairs])
    (one,), (other,) = differences(before, after, draws=199), differences(after, before, draws=199)
    assert (one.difference, one.p, one.differing) == (-other.difference, other.p, other.differing)
    assert (one.low, one.high) == pytest.approx((-other.high, -other.low))


def test_equal_runs_differ_in_nothing():
    (found,) = differences(column([0, 1, 1]), column([0, 1, 1]))
    assert (found.p, found.difference, found.low, found.high, found.effect) == (1, 0, 0, 0, None)


def test_a_measure_of_confidence_is_compared_by_swapping_and_drawing_questions():
    """Sure of the right ones, against sure of the wrong ones."""
    right = np.array([True, False] * 20)
    good, bad = (Surety(np.where(right, high, 1 - high), right) for high in (0.9, 0.1))
    found = curve_difference(area_under_roc, bad, good, draws=199)
    assert (found.first, found.second, found.p) == (0, 1, 1 / 200)
    assert (found.low, found.high) == (1, 1)
    assert curve_difference(area_under_roc, good, good, draws=19).p == 1
    assert curve_difference(area_under_roc, Surety(right * 1.0, right | True), good) is None


def test_what_cannot_be_compared_is_refused():
    with pytest.raises(ValueError, match="both runs need the same questions"):
        differences(column([1, 2]), column([1]))
    with pytest.raises(ValueError, match="no questions"):
        sums(np.empty((0, 1)))
