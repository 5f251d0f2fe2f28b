"""Measures of agreement: published values, definitions computed pair by pair, and what cannot be judged.

Golden values: the method sheet on labelling and `stats/agree.json` (krippendorff 0.9.0, crowd-kit,
statsmodels, scikit-learn, own), to 1e-12. HateCheck (Röttger et al., ACL 2021) and Multilingual HateCheck
(Röttger et al., WOAH 2022), both CC BY 4.0, are read from the shared folder.
"""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perito.errors import StatsError
from perito.stats.agreement import (
    bootstrap_agreement,
    cohen_kappa,
    contested_share,
    fleiss_kappa,
    gwet_ac1,
    krippendorff_alpha,
    negative_agreement,
    positive_agreement,
    raw_agreement,
)

GOLDEN = {"rel": 1e-12, "abs": 1e-14}
MEASURES = (
    contested_share,
    fleiss_kappa,
    gwet_ac1,
    krippendorff_alpha,
    negative_agreement,
    positive_agreement,
    raw_agreement,
)

repeatable = settings(derandomize=True, deadline=None)
tables = st.integers(2, 4).flatmap(
    lambda readers: st.lists(
        st.lists(st.sampled_from([0.0, 1.0, 1.0, 3.0, None]), min_size=readers, max_size=readers),
        min_size=2,
        max_size=25,
    ).map(lambda items: [list(row) for row in zip(*items, strict=True)])
)


def readers_of(*rows):
    return [[None if letter == "*" else int(letter) for letter in row] for row in rows]


THREE_CODERS = readers_of("*****34121133*3", "1*213343*******", "**21344*21133*4")
FLEISS = (
    "0 0 0 0 14/0 2 6 4 2/0 0 3 5 6/0 3 9 2 0/2 2 8 1 1/7 7 0 0 0/3 2 6 3 0/2 5 3 2 2/6 5 2 1 0/0 2 2 3 7"
)
FOURTEEN_READERS = np.array(
    [
        [value for value, count in enumerate(map(int, item.split())) for _ in range(count)]
        for item in FLEISS.split("/")
    ]
).T


def two_readers(n, both, only_first, only_second):
    table = np.zeros((2, n))
    table[:, :both] = 1
    table[0, both : both + only_first] = 1
    table[1, both + only_first : both + only_first + only_second] = 1
    return table


# --- golden values ---


@pytest.mark.parametrize(
    ("metric", "alpha"),
    [
        ("nominal", 0.691358024691358),
        ("ordinal", 0.806721419941315),
        ("interval", 0.810844892812106),
        ("ratio", 0.808943670784247),
    ],
)
def test_alpha_of_three_coders_is_the_published_one(metric, alpha):
    assert krippendorff_alpha(THREE_CODERS, metric).value == pytest.approx(alpha, **GOLDEN)


@pytest.mark.parametrize(
    ("metric", "alpha"),
    [
        ("nominal", 0.7515527950310559),
        ("ordinal", 0.9221386800334168),
        ("interval", 0.9126637554585153),
        ("ratio", 0.8840531036785153),
    ],
)
def test_alpha_of_a_small_table_is_the_reference_one(metric, alpha):
    table = readers_of("112332*4", "12233214", "*124321*")
    assert krippendorff_alpha(table, metric).value == pytest.approx(alpha, **GOLDEN)


def test_the_table_of_fleiss_gives_the_published_measures():
    assert raw_agreement(FOURTEEN_READERS).value == pytest.approx(0.378021978021978, **GOLDEN)
    assert fleiss_kappa(FOURTEEN_READERS).value == pytest.approx(0.209930704421955, **GOLDEN)
    assert gwet_ac1(FOURTEEN_READERS).value == pytest.approx(0.225614150816628, **GOLDEN)
    assert krippendorff_alpha(FOURTEEN_READERS).value == pytest.approx(0.215574056533227, **GOLDEN)


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (
            (10_000, 40, 10, 10),
            (0.998, 0.798994974874372, 0.799005025125628, 0.997979900005050, 0.8, 0.998994974874372),
        ),
        (
            (12_000, 30, 9, 6),
            (0.99875, 0.799374047026725, 0.7993814002089864, 0.9987421630864174, 0.8, None),
        ),
    ],
)
def test_the_rarity_paradox_of_two_readers_gives_the_published_measures(cells, expected):
    table = two_readers(*cells)
    measures = (
        raw_agreement,
        cohen_kappa,
        krippendorff_alpha,
        gwet_ac1,
        positive_agreement,
        negative_agreement,
    )
    for measure, value in zip(measures, expected, strict=True):
        if value is not None:
            assert measure(table).value == pytest.approx(value, **GOLDEN)


@pytest.mark.shared
@pytest.mark.parametrize(
    ("functionality", "raw", "alpha", "ac1", "positive", "negative"),
    [
        ("derog_impl_h", 0.991428571428571, -0.002869440459111, 0.991354787183678, 0.995695839311334, 0),
        ("spell_leet_h", 0.990751445086705, -0.003484320557491, 0.990665513794671, None, None),
        ("counter_quote_nh", 0.969942196531792, -0.014084507042254, 0.969025153118213, 0, 0.984741784037559),
    ],
)
def test_english_ratings_of_one_kind_give_the_reference_measures(
    hatecheck, functionality, raw, alpha, ac1, positive, negative
):
    ratings, kinds = hatecheck
    table = ratings[:, kinds == functionality]
    assert raw_agreement(table).value == pytest.approx(raw, **GOLDEN)
    assert krippendorff_alpha(table).value == pytest.approx(alpha, abs=1e-14)
    assert gwet_ac1(table).value == pytest.approx(ac1, **GOLDEN)
    if positive is not None:
        assert positive_agreement(table).value == pytest.approx(positive, **GOLDEN)
        assert negative_agreement(table).value == pytest.approx(negative, **GOLDEN)


@pytest.mark.shared
@pytest.mark.parametrize(
    ("functionality", "raw", "alpha", "ac1"),
    [
        ("counter_quote_nh", 0.585365853658537, -0.162211083263715, 0.356120092378753),
        ("derog_impl_h", 0.961904761904762, 0.093809137604758, 0.960237156956722),
    ],
)
def test_spanish_ratings_of_one_kind_give_the_reference_measures(
    hatecheck_es, functionality, raw, alpha, ac1
):
    ratings, kinds = hatecheck_es
    table = ratings[:, kinds == functionality]
    assert raw_agreement(table).value == pytest.approx(raw, **GOLDEN)
    assert krippendorff_alpha(table).value == pytest.approx(alpha, **GOLDEN)
    assert gwet_ac1(table).value == pytest.approx(ac1, **GOLDEN)
    if functionality == "counter_quote_nh":
        assert positive_agreement(table).value == pytest.approx(0.105263157894737, **GOLDEN)
        assert negative_agreement(table).value == pytest.approx(0.730158730158730, **GOLDEN)


@pytest.mark.shared
def test_the_first_thousand_english_ratings_give_the_reference_measures(hatecheck):
    table = hatecheck[0][:, :1_000]
    assert krippendorff_alpha(table).value == pytest.approx(0.6975686229123128, **GOLDEN)
    assert fleiss_kappa(table).value == pytest.approx(0.6975081245372211, **GOLDEN)
    assert gwet_ac1(table).value == pytest.approx(0.9804082728538136, **GOLDEN)
    assert raw_agreement(table).value == pytest.approx(0.9816, **GOLDEN)


# --- definitions, pair by pair ---


def pairs_within(table):
    """All ordered pairs of labels of the same item, with the weight of the item."""
    for item in zip(*table, strict=True):
        labels = [x for x in item if x is not None]
        for a, b in itertools.permutations(labels, 2):
            yield a, b, 1 / (len(labels) - 1)


def has_pairs(table):
    values = {a for a, _, _ in pairs_within(table)}
    return len(values) > 1


@given(tables, st.sampled_from(["nominal", "interval", "ratio", "ordinal"]))
@repeatable
def test_alpha_is_one_minus_observed_over_expected_disagreement(table, metric):
    if not has_pairs(table):
        return
    labels = [x for item in zip(*table, strict=True) for x in item if x is not None and _paired(item)]
    distance = {
        "nominal": lambda a, b: float(a != b),
        "interval": lambda a, b: (a - b) ** 2,
        "ratio": lambda a, b: ((a - b) / (a + b)) ** 2 if a + b else 0.0,
        "ordinal": lambda a, b: (
            (
                sum(labels.count(v) for v in set(labels) if min(a, b) <= v <= max(a, b))
                - (labels.count(a) + labels.count(b)) / 2
            )
            ** 2
        ),
    }[metric]
    observed = sum(distance(a, b) * weight for a, b, weight in pairs_within(table)) / len(labels)
    expected = sum(distance(a, b) for a, b in itertools.permutations(labels, 2))
    expected /= len(labels) * (len(labels) - 1)
    assert krippendorff_alpha(table, metric).value == pytest.approx(1 - observed / expected, abs=1e-9)


def _paired(item):
    return sum(x is not None for x in item) > 1


@given(tables)
@repeatable
def test_agreement_on_the_positives_is_the_chance_of_a_second_yes(table):
    if not has_pairs(table):
        return
    for measure, is_chosen in (
        (positive_agreement, lambda x: x == 1),
        (negative_agreement, lambda x: x != 1),
    ):
        said = [(is_chosen(b), weight) for a, b, weight in pairs_within(table) if is_chosen(a)]
        if said:
            chance = sum(weight for again, weight in said if again) / sum(weight for _, weight in said)
            assert measure(table).value == pytest.approx(chance, abs=1e-12)
        else:
            with pytest.raises(StatsError):
                measure(table)


@given(tables)
@repeatable
def test_raw_agreement_and_contested_share_count_items(table):
    items = [[x for x in item if x is not None] for item in zip(*table, strict=True) if _paired(item)]
    if not items:
        return
    agreeing = [
        sum(a == b for a, b in itertools.permutations(labels, 2)) / (len(labels) * (len(labels) - 1))
        for labels in items
    ]
    assert raw_agreement(table).value == pytest.approx(np.mean(agreeing), abs=1e-12)
    contested = np.mean([len(set(labels)) > 1 for labels in items])
    assert contested_share(table).value == pytest.approx(contested, abs=1e-12)


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=2, max_size=40))
@repeatable
def test_for_two_readers_without_gaps_alpha_kappa_and_cohen_are_close(items):
    table = list(zip(*items, strict=True))
    if len({x for item in items for x in item}) == 1:
        return
    n = 2 * len(items)
    kappa, alpha = fleiss_kappa(table).value, krippendorff_alpha(table).value
    # Scott's and Krippendorff's differ by the correction for small samples only.
    assert 1 - alpha == pytest.approx((1 - kappa) * (n - 1) / n, abs=1e-12)
    first, second = zip(*items, strict=True)
    strangers = sum(a == b for a in first for b in second) / len(items) ** 2
    if strangers < 1:
        together = np.mean([a == b for a, b in items])
        assert cohen_kappa(table).value == pytest.approx((together - strangers) / (1 - strangers), abs=1e-12)


def test_perfect_agreement_is_1_under_every_measure():
    table = [[0, 1, 1, 0, 2], [0, 1, 1, 0, 2]]
    for measure in (*MEASURES[1:], cohen_kappa):
        assert measure(table).value == 1
    assert contested_share(table).value == 0


def test_a_value_without_order_may_be_the_positive_one():
    table = [[3, 3, 7, 7], [3, 7, 7, 7]]
    assert positive_agreement(table, positive=7).value == pytest.approx(0.8)
    assert negative_agreement(table, positive=7).value == pytest.approx(2 / 3)


def test_measures_without_an_interval_say_so():
    for measure in (*MEASURES, cohen_kappa):
        assert measure([[1, 1, 0, 0], [1, 0, 0, 0]]).interval is None


# --- bootstrap ---


def planted(draw, items, share=0.3, sensitivity=0.9, specificity=0.9, readers=3):
    truth = draw.random(items) < share
    chance = np.where(truth, sensitivity, 1 - specificity)
    return (draw.random((readers, items)) < chance).astype(float)


def test_the_same_seed_gives_the_same_interval_and_another_seed_another():
    table = planted(np.random.default_rng(1), 200)
    one, again, other = (bootstrap_agreement(krippendorff_alpha, table, seed=seed) for seed in (1, 1, 2))
    assert one == again != other
    assert one.value == krippendorff_alpha(table).value
    assert one.interval.low < one.value < one.interval.high
    assert one.interval.method == "bootstrap over items, 2000 replicates"


def test_the_order_of_the_items_does_not_change_the_interval():
    table = planted(np.random.default_rng(1), 150)
    assert bootstrap_agreement(gwet_ac1, table[:, ::-1]) == bootstrap_agreement(gwet_ac1, table)


def test_the_interval_is_that_of_drawing_items_one_by_one():
    draw = np.random.default_rng(7)
    table = planted(draw, 60)
    drawn = [krippendorff_alpha(table[:, draw.integers(0, 60, 60)]).value for _ in range(2_000)]
    found = bootstrap_agreement(krippendorff_alpha, table, replicates=4_000).interval
    assert found.low == pytest.approx(np.quantile(drawn, 0.025), abs=0.03)
    assert found.high == pytest.approx(np.quantile(drawn, 0.975), abs=0.03)


@pytest.mark.parametrize("measure", MEASURES)
def test_every_measure_gets_an_interval_around_its_value(measure):
    table = planted(np.random.default_rng(3), 300)
    found = bootstrap_agreement(measure, table, replicates=400, level=0.9)
    assert found.value == measure(table).value
    assert found.interval.low < found.value < found.interval.high
    assert found.interval.level == 0.9


@pytest.mark.parametrize("metric", ["nominal", "ordinal", "interval", "ratio"])
def test_options_of_the_measure_are_passed_on(metric):
    found = bootstrap_agreement(krippendorff_alpha, FOURTEEN_READERS + 1, replicates=200, metric=metric)
    assert found.value == krippendorff_alpha(FOURTEEN_READERS + 1, metric).value
    assert bootstrap_agreement(positive_agreement, FOURTEEN_READERS, replicates=200, positive=2).value > 0


def test_drawing_groups_of_items_that_resemble_each_other_widens_the_interval():
    draw = np.random.default_rng(5)
    threads = np.repeat(np.arange(40), 10)
    truth = np.repeat(draw.random(40) < 0.3, 10)
    careful = np.repeat(draw.random(40) < 0.7, 10)
    wrong = draw.random((2, 400)) < np.where(careful, 0.01, 0.4)
    table = (truth ^ wrong).astype(float)
    alone = bootstrap_agreement(krippendorff_alpha, table).interval
    grouped = bootstrap_agreement(krippendorff_alpha, table, clusters=threads)
    assert grouped.interval.high - grouped.interval.low > 1.2 * (alone.high - alone.low)
    assert grouped.interval.method == "bootstrap over clusters, 2000 replicates"
    each = bootstrap_agreement(krippendorff_alpha, table, clusters=[f"t{i}" for i in range(400)]).interval
    assert each.high - each.low == pytest.approx(alone.high - alone.low, rel=0.1)


def test_items_that_nobody_labelled_are_not_drawn():
    table = planted(np.random.default_rng(1), 100)
    empty = np.hstack((table, np.full((3, 900), np.nan)))
    assert bootstrap_agreement(krippendorff_alpha, empty) == bootstrap_agreement(krippendorff_alpha, table)


def test_the_interval_of_alpha_covers_the_alpha_of_the_population():
    draw = np.random.default_rng(20_260_108)
    population = planted(draw, 400_000)
    truth, covered = krippendorff_alpha(population).value, 0
    for _ in range(120):
        chosen = draw.choice(400_000, 300, replace=False)
        found = bootstrap_agreement(krippendorff_alpha, population[:, chosen], replicates=300)
        covered += found.interval.contains(truth)
    assert 0.90 <= covered / 120 <= 0.99


def test_many_items_give_a_narrow_interval():
    draw = np.random.default_rng(9)
    table = planted(draw, 100_000, share=0.01, specificity=0.995, readers=5)
    found = bootstrap_agreement(krippendorff_alpha, table)
    assert found.interval.high - found.interval.low < 0.05


def test_resamples_without_both_values_are_not_dropped():
    # One item with a yes among 400: more than a third of the resamples hold no yes at all.
    table = two_readers(400, 1, 0, 0)
    with pytest.raises(StatsError) as refusal:
        bootstrap_agreement(krippendorff_alpha, table)
    assert "of 2000" in refusal.value.found
    undefined = int(refusal.value.found.split()[0])
    assert undefined / 2_000 == pytest.approx(math.exp(-1), abs=0.04)


@pytest.mark.parametrize(
    "how",
    [
        {"replicates": 99},
        {"replicates": 200.0},
        {"seed": -1},
        {"seed": None},
        {"level": 1},
        {"clusters": ["a", "b"]},
        {"clusters": [None] * 4},
    ],
)
def test_an_impossible_bootstrap_is_refused(how):
    with pytest.raises(StatsError):
        bootstrap_agreement(krippendorff_alpha, [[1, 1, 0, 0], [1, 0, 0, 0]], **how)


@pytest.mark.parametrize("measure", [cohen_kappa, len, "alpha"])
def test_a_measure_without_a_bootstrap_is_refused_with_those_that_have_one(measure):
    with pytest.raises(StatsError) as refusal:
        bootstrap_agreement(measure, [[1, 1, 0, 0], [1, 0, 0, 0]])
    assert "krippendorff_alpha" in refusal.value.expected


# --- what cannot be judged ---


@pytest.mark.parametrize("measure", [*MEASURES, cohen_kappa])
def test_items_labelled_once_are_refused_in_the_words_of_the_sheet(measure):
    for table in ([[1, 0, 1]], [[1, 0, None], [None, None, 1]]):
        with pytest.raises(StatsError) as refusal:
            measure(table)
        assert "labelled once" in refusal.value.what or "two readers" in refusal.value.what


@pytest.mark.parametrize("measure", [krippendorff_alpha, fleiss_kappa, gwet_ac1, cohen_kappa])
def test_one_value_alone_cannot_be_judged(measure):
    for value in (0, 1):
        with pytest.raises(StatsError) as refusal:
            measure([[value] * 5, [value] * 5])
        assert "only one value" in refusal.value.what


def test_one_value_alone_still_has_a_raw_agreement():
    assert raw_agreement([[0, 0], [0, 0]]).value == 1
    assert contested_share([[0, 0], [0, 0]]).value == 0


def test_without_a_positive_label_there_is_no_agreement_on_the_positives():
    with pytest.raises(StatsError):
        positive_agreement([[0, 0, 0], [0, 0, 0]])
    assert negative_agreement([[0, 0, 0], [0, 0, 0]]).value == 1
    with pytest.raises(StatsError):
        positive_agreement([[0, 0, 1], [0, 0, None]])


def test_the_second_value_on_an_item_labelled_once_does_not_count():
    with pytest.raises(StatsError) as refusal:
        krippendorff_alpha([[0, 0, 1], [0, 0, None]])
    assert "only one value" in refusal.value.what


def test_fleiss_kappa_refuses_gaps_and_names_what_allows_them():
    with pytest.raises(StatsError) as refusal:
        fleiss_kappa([[1, 0, 1], [1, 0, None]])
    assert "krippendorff_alpha" in refusal.value.remedy


def test_cohens_kappa_is_for_two_readers():
    with pytest.raises(StatsError):
        cohen_kappa([[1, 0], [1, 0], [1, 1]])


def test_an_unknown_metric_is_refused_with_the_known_ones():
    with pytest.raises(StatsError) as refusal:
        krippendorff_alpha([[1, 0], [1, 1]], "cosine")
    assert "ordinal" in refusal.value.expected


def test_ratings_below_zero_have_no_ratio():
    with pytest.raises(StatsError):
        krippendorff_alpha([[-1, 2], [1, 2]], "ratio")
    assert krippendorff_alpha([[0, 0, 2], [0, 2, 2]], "ratio").value < 1
