"""Measures of confidence: against values worked out by hand, against scikit-learn, and by what must always hold."""

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.metrics import (
    Abstention,
    Bin,
    Constant,
    abstention,
    area_under_risk_coverage,
    area_under_roc,
    best_constant,
    bootstrap_interval,
    calibration_error_by_chance,
    expected_calibration_error,
    reliability,
    risk_at,
    risk_coverage,
)

# Confidences in hundredths, so that ties are frequent.
PAIRS = st.lists(st.tuples(st.integers(0, 100), st.booleans()), min_size=1, max_size=60)


def columns(pairs):
    return [hundredths / 100 for hundredths, _ in pairs], [label for _, label in pairs]


def made(count, seed=7):
    """Return confidences in hundredths and labels that are true about as often as they say."""
    choose = random.Random(seed)
    values = [round(choose.random(), 2) for _ in range(count)]
    return values, [choose.random() < value for value in values]


def test_the_auc_counts_pairs_and_a_tie_as_half():
    """Of four pairs of positive and negative, (.9, .5) and (.9, .2) are right, (.5, .5) is a tie, (.5, .2) right."""
    assert area_under_roc([0.9, 0.5, 0.5, 0.2], [True, True, False, False]) == 3.5 / 4
    assert area_under_roc([0.1, 0.9], [True, False]) == 0
    assert area_under_roc([0.3, 0.3, 0.3], [True, False, False]) == 0.5


@pytest.mark.parametrize("label", [True, False])
def test_the_auc_of_one_class_is_none(label):
    assert area_under_roc([0.1, 0.9], [label, label]) is None


def test_the_auc_is_that_of_scikit_learn():
    metrics = pytest.importorskip("sklearn.metrics")
    for seed in range(20):
        scores, labels = made(97, seed)
        assert area_under_roc(scores, labels) == pytest.approx(metrics.roc_auc_score(labels, scores), abs=1e-12)


@given(PAIRS)
def test_the_auc_is_the_same_under_a_map_that_keeps_the_order(pairs):
    scores, labels = [n for n, _ in pairs], [label for _, label in pairs]
    assert area_under_roc([float(n**3 - 5) for n in scores], labels) == area_under_roc(scores, labels)


@given(PAIRS)
def test_labels_turned_round_give_one_minus_the_auc(pairs):
    scores, labels = columns(pairs)
    area = area_under_roc(scores, labels)
    turned = area_under_roc(scores, [not label for label in labels])
    assert turned is None if area is None else turned == pytest.approx(1 - area)


def test_bins_hold_equally_many_answers_least_confident_first():
    confidences, right = [0.8, 0.1, 0.3, 0.6, 0.9], [True, False, True, False, True]
    low, high = reliability(confidences, right, 2)
    assert (low.count, high.count) == (3, 2)
    assert (low.confidence, low.right) == pytest.approx((1 / 3, 1 / 3))
    assert (high.confidence, high.right) == pytest.approx((0.85, 1))


def test_the_calibration_error_is_the_mean_gap_of_the_bins():
    """Bins of two: (.2, .4) of which one is right, (.6, 1) of which both are: gaps of .2 and .2."""
    confidences, right = [0.2, 0.4, 0.6, 1.0], [False, True, True, True]
    assert expected_calibration_error(confidences, right, 2) == pytest.approx(0.2)
    assert expected_calibration_error(confidences, right, 1) == pytest.approx(0.75 - 0.55)
    assert expected_calibration_error([1.0, 1.0], [False, False]) == 1


def test_without_ties_the_bins_are_those_of_scikit_learn():
    """Its quantile bins, where no answers tie and the bins divide the answers."""
    calibration_curve = pytest.importorskip("sklearn.calibration").calibration_curve
    choose = np.random.default_rng(3)
    confidences = choose.random(200)
    right = choose.random(200) < confidences
    shares, means = calibration_curve(right, confidences, n_bins=10, strategy="quantile")
    bins = reliability(confidences, right)
    assert [b.right for b in bins] == pytest.approx(list(shares))
    assert [b.confidence for b in bins] == pytest.approx(list(means))


def test_answers_that_tie_across_bins_share_what_is_right():
    """Four answers of one confidence, half of them right: both bins say half, whichever of them comes first."""
    assert reliability([0.4] * 4, [True, True, False, False], 2) == [Bin(0.4, 0.5, 2)] * 2


def test_fewer_answers_than_bins_make_as_many_bins():
    assert reliability([0.5, 0.1], [True, False], 10) == [Bin(0.1, 0, 1), Bin(0.5, 1, 1)]


@given(st.dictionaries(st.integers(0, 10), st.integers(1, 4), min_size=1), st.integers(1, 12))
def test_a_confidence_that_is_exactly_true_has_no_calibration_error(times, bins):
    """Of the answers with a confidence of k tenths, k of every ten are right."""
    confidences, right = [], []
    for tenths, repeated in times.items():
        confidences += [tenths / 10] * 10 * repeated
        right += ([True] * tenths + [False] * (10 - tenths)) * repeated
    assert expected_calibration_error(confidences, right, bins) == pytest.approx(0, abs=1e-12)


@given(PAIRS, st.randoms(use_true_random=False))
def test_no_measure_depends_on_the_order_of_the_answers(pairs, choose):
    mixed = list(pairs)
    choose.shuffle(mixed)
    for measure in (area_under_roc, reliability, best_constant, area_under_risk_coverage):
        assert measure(*columns(mixed)) == measure(*columns(pairs))
    assert abstention(*columns(mixed), 0.5) == abstention(*columns(pairs), 0.5)


def test_the_best_constant_is_the_median_of_the_bins():
    """Bins of two with none, one and two right: .5 is off by .5, 0 and .5."""
    confidences, right = [0.1, 0.2, 0.5, 0.6, 0.8, 0.9], [False, False, True, False, True, True]
    assert best_constant(confidences, right, 3) == Constant(0.5, pytest.approx(1 / 3))


@given(PAIRS, st.integers(0, 100))
def test_no_other_constant_is_better_in_these_bins(pairs, hundredths):
    confidences, right = columns(pairs)
    table = reliability(confidences, right)
    other = sum(b.count * abs(hundredths / 100 - b.right) for b in table) / len(pairs)
    assert best_constant(confidences, right).error <= other + 1e-12


def test_a_confidence_that_tells_nothing_does_not_beat_the_best_constant():
    right = [True, False] * 50
    assert best_constant([0.9] * 100, right) == Constant(0.5, 0)
    assert expected_calibration_error([0.9] * 100, right) == pytest.approx(0.4)


def test_chance_leaves_a_true_confidence_some_error_the_less_the_more_answers():
    small, large = (calibration_error_by_chance(made(count)[0]) for count in (100, 10_000))
    assert 0.08 < small < 0.15
    assert 0.005 < large < 0.015
    assert calibration_error_by_chance([0.0, 1.0]) == 0


def test_risk_is_the_share_of_wrong_among_the_surest():
    risks = risk_coverage([0.9, 0.8, 0.3, 0.1], [True, False, True, False])
    assert list(risks) == pytest.approx([0, 1 / 2, 1 / 3, 1 / 2])
    assert area_under_risk_coverage([0.9, 0.8, 0.3, 0.1], [True, False, True, False]) == pytest.approx(risks.mean())


def test_answers_that_tie_share_their_risk():
    assert list(risk_coverage([0.5, 0.5, 0.1], [True, False, True])) == pytest.approx([1 / 2, 1 / 2, 1 / 3])


def test_a_coverage_is_rounded_up_to_whole_answers():
    risks = np.arange(1.0, 11.0)
    assert [risk_at(risks, coverage) for coverage in (0.01, 0.1, 0.3, 0.31, 1)] == [1, 1, 3, 4, 10]


@pytest.mark.parametrize("coverage", [0, -0.1, 1.1])
def test_a_coverage_outside_its_range_is_refused(coverage):
    with pytest.raises(ValueError, match="coverage is"):
        risk_at(np.ones(3), coverage)


@given(PAIRS)
def test_at_full_coverage_the_risk_is_the_share_of_wrong_answers(pairs):
    confidences, right = columns(pairs)
    assert risk_at(risk_coverage(confidences, right), 1) == pytest.approx(1 - sum(right) / len(right))


def test_abstaining_is_measured_against_what_can_be_answered():
    """Below .5 lie .1 and .2, of which .1 has no answer, nor has .9; a confidence at the threshold is not below it."""
    confidences, answerable = [0.1, 0.2, 0.5, 0.9, 0.95], [False, True, True, False, True]
    assert abstention(confidences, answerable, 0.5) == Abstention(0.5, 2 / 5, 1 / 2, 1 / 2)
    assert abstention(confidences, answerable, 0) == Abstention(0, 0, None, 0)
    assert abstention([0.1], [True], 0.5) == Abstention(0.5, 1, 0, None)


def test_an_interval_is_the_same_for_the_same_seed_and_holds_the_measure():
    confidences, right = made(300)
    interval = bootstrap_interval(area_under_roc, confidences, right)
    assert interval == bootstrap_interval(area_under_roc, confidences, right)
    assert interval != bootstrap_interval(area_under_roc, confidences, right, seed=1)
    assert interval.low < area_under_roc(confidences, right) < interval.high
    assert 0.03 < interval.high - interval.low < 0.15


def test_an_interval_of_a_measure_without_a_value_is_none():
    assert bootstrap_interval(area_under_roc, [0.1, 0.2], [True, True]) is None


@pytest.mark.parametrize(
    ("values", "labels", "reason"),
    [
        ([], [], "no answers"),
        ([0.1], [], "one label a value"),
        ([float("nan")], [True], "not finite"),
    ],
)
def test_what_cannot_be_measured_is_refused(values, labels, reason):
    for measure in (area_under_roc, reliability, risk_coverage):
        with pytest.raises(ValueError, match=reason):
            measure(values, labels)


def test_bins_refuse_what_is_no_confidence():
    with pytest.raises(ValueError, match="between 0 and 1"):
        reliability([1.5], [True])
    with pytest.raises(ValueError, match="at least 1"):
        reliability([0.5], [True], 0)
