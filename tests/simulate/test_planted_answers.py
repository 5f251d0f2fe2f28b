"""What was planted in rankings, removals, labels, trials and gates is there, by simple counts of its own.

Tolerances are five standard errors of the law that was planted; seeds are fixed.
"""

import numpy as np
import pyarrow.compute as pc
import pytest
from scipy.stats import rankdata

from perito.simulate import Plan, removal_share
from perito.simulate.trials import correlated
from perito.simulate.world import World

Z = 5.0
PLAN = Plan()
HOUR_US = 3_600_000_000


def within(found: float, expected: float, error: float) -> bool:
    return abs(found - expected) <= Z * error


def rate_within(hits: np.ndarray, expected: float) -> bool:
    return within(hits.mean(), expected, np.sqrt(expected * (1 - expected) / len(hits)) + 1e-12)


def is_planted_of(made, keys) -> np.ndarray:
    truth = dict(made.rows("truth/items", "post_id", "is_planted"))
    return np.array([truth[key] for key in keys])


# --- impressions ---------------------------------------------------------------------------------------


class Exposure:
    """Impressions and those of the class by user, as each arm saw them."""

    def __init__(self, made, keep=None) -> None:
        subject, post, shown_us = made.arrays("impressions", "subject_id", "post_id", "shown_at_us")
        is_planted = is_planted_of(made, post)
        kept = np.ones(len(subject), bool) if keep is None else keep(shown_us)
        arm = dict(made.rows("arms", "subject_id", "arm"))
        users, at = np.unique(subject[kept], return_inverse=True)
        self.arm = np.array([arm[user] for user in users])
        self.shown = np.bincount(at)
        self.planted = np.bincount(at, weights=is_planted[kept])

    def share(self, arm: str) -> tuple[float, float]:
        """Share of the class in an arm and its standard error: a ratio over users, linearised."""
        here = self.arm == arm
        n, k = self.shown[here], self.planted[here]
        share = k.sum() / n.sum()
        residual = k - share * n
        return share, np.sqrt((residual**2).sum() * len(n) / (len(n) - 1)) / n.sum()

    def ratio(self) -> tuple[float, float]:
        (ranked, e1), (control, e0) = self.share("ranked"), self.share("control")
        ratio = ranked / control
        return ratio, ratio * np.sqrt((e1 / ranked) ** 2 + (e0 / control) ** 2)


def test_the_boosted_ranking_shows_the_planted_multiple_of_the_holdback(large):
    ratio, error = Exposure(large).ratio()
    assert within(ratio, PLAN.impressions.boost, error)
    assert ratio - Z * error > 1


def test_the_holdback_shows_the_neutral_share(large):
    share, error = Exposure(large).share("control")
    assert within(share, PLAN.impressions.neutral_share, error)


def test_a_neutral_ranking_shows_what_the_holdback_shows(make):
    ratio, error = Exposure(make(200_000, impressions={"boost": 1.0})).ratio()
    assert within(ratio, 1.0, error)


def test_a_boost_starts_on_its_day(make):
    made = make(200_000, impressions={"boost": 3.0, "boost_from_day": 30})
    start_us = made["posts"].column("created_at_us").to_numpy().min() + 30 * 24 * HOUR_US
    before, after = Exposure(made, lambda at: at < start_us), Exposure(made, lambda at: at >= start_us)
    assert within(before.ratio()[0], 1.0, before.ratio()[1])
    assert within(after.ratio()[0], 3.0, after.ratio()[1])


def test_each_user_is_shown_the_share_that_the_truth_says(large):
    subject, share = large.arrays("truth/subjects", "subject_id", "shown_share")
    exposed = dict(zip(subject, share, strict=True))
    users, post = large.arrays("impressions", "subject_id", "post_id")
    chance = np.array([exposed[user] for user in users])
    hits = is_planted_of(large, post)
    assert within(hits.sum(), chance.sum(), np.sqrt((chance * (1 - chance)).sum()))
    heavy = chance > np.quantile(chance, 0.9)
    assert within(hits[heavy].sum(), chance[heavy].sum(), np.sqrt((chance * (1 - chance))[heavy].sum()))


def test_propensities_turn_the_boosted_ranking_into_the_neutral_one(large):
    subject, post, logged, target = large.arrays(
        "impressions", "subject_id", "post_id", "propensity_logged", "propensity_target"
    )
    arm = dict(large.rows("arms", "subject_id", "arm"))
    neutral = dict(large.rows("truth/subjects", "subject_id", "neutral_share"))
    ranked = np.array([arm[user] == "ranked" for user in subject])
    assert np.array_equal(logged[~ranked], target[~ranked])
    weighted = (target / logged * is_planted_of(large, post))[ranked]
    expected = np.array([neutral[user] for user in subject[ranked]])
    assert within(weighted.mean(), expected.mean(), weighted.std() / np.sqrt(len(weighted)))


def test_the_lot_holds_back_the_planted_share_and_says_so(large):
    arm, chance = large.arrays("arms", "arm", "assignment_prob")
    assert rate_within(arm == "control", PLAN.impressions.holdback)
    assert set(chance[arm == "control"]) == {0.2}
    assert set(chance[arm == "ranked"]) == {0.8}


def test_minors_are_shown_the_planted_multiple(make):
    made = make(200_000, impressions={"minor_ratio": 2.0, "minors": 0.5, "boost": 1.0, "users": 2_000})
    stratum, subject = made.arrays("arms", "stratum", "subject_id")
    share = dict(made.rows("truth/subjects", "subject_id", "neutral_share"))
    shares = np.array([share[user] for user in subject])
    minors, adults = shares[stratum == "13-15"], shares[stratum == "18+"]
    ratio = minors.mean() / adults.mean()
    error = ratio * np.sqrt(sum(group.var() / len(group) / group.mean() ** 2 for group in (minors, adults)))
    assert within(ratio, 2.0, error)


def test_reasons_are_known_and_adverts_marked_at_the_planted_rates(large):
    rows = large["impressions"]
    assert rate_within(rows.column("promoted").to_numpy(), PLAN.impressions.adverts)
    assert rate_within(rows.column("reason").is_null().to_numpy(), PLAN.impressions.reason_unknown)


# --- removal -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def notified(make):
    """Many notices."""
    return make(100_000, notices={"of_class": 1.0, "of_others": 0.3})


class Fates:
    """What truly became of the notified posts."""

    def __init__(self, made) -> None:
        names = (
            "notice_id",
            "is_planted",
            "received_at_us",
            "cause",
            "ended_at_us",
            "removal_at_us",
            "hazard_ratio",
        )
        self.key, self.is_planted, received, self.cause, ended, removal, self.ratio = made.arrays(
            "truth/notices", *names
        )
        self.hours, self.removal_hours = (ended - received) / HOUR_US, (removal - received) / HOUR_US
        key, platform, channel = made.arrays("notices", "notice_id", "platform", "notifier_kind")
        assert list(key) == list(self.key)
        self.platform, self.channel = platform, channel


def kaplan_meier(hours: np.ndarray, is_event: np.ndarray, at: float) -> tuple[float, float]:
    """F(at) and its standard error (Greenwood), other ends counting as censored."""
    survival, variance = 1.0, 0.0
    order = np.argsort(hours)
    hours, is_event = hours[order], is_event[order]
    at_risk = len(hours) - np.arange(len(hours))
    for risk, event in zip(at_risk[hours <= at], is_event[hours <= at], strict=True):
        if event:
            survival *= 1 - 1 / risk
            variance += 1 / (risk * (risk - 1))
    return 1 - survival, survival * np.sqrt(variance)


@pytest.mark.parametrize("platform", list(PLAN.platforms.shares))
@pytest.mark.parametrize("channel", list(PLAN.notices.channels))
def test_removal_within_a_day_is_that_of_the_planted_law(notified, platform, channel):
    fates = Fates(notified)
    here = (fates.platform == platform) & (fates.channel == channel) & ~fates.is_planted
    found, error = kaplan_meier(fates.hours[here], fates.cause[here] == "removed", 24)
    expected = removal_share(World(PLAN, 0, 1), platform, channel, 24, is_planted=False)
    assert within(found, expected, error)


@pytest.mark.parametrize("hours", [2, 24, 168])
def test_removal_of_the_class_follows_the_planted_law_over_time(notified, hours):
    fates = Fates(notified)
    here = (fates.platform == "tiktok") & (fates.channel == "user") & fates.is_planted
    found, error = kaplan_meier(fates.hours[here], fates.cause[here] == "removed", hours)
    assert within(found, removal_share(World(PLAN, 0, 1), "tiktok", "user", hours), error)


def test_the_planted_share_would_never_be_removed(notified):
    assert rate_within(Fates(notified).removal_hours > 24 * 3650, PLAN.removal.never)


def test_taking_deletions_for_censored_is_not_the_share_removed(notified):
    """The competing causes matter: cumulative incidence lies below the law of removal alone."""
    fates = Fates(notified)
    removed = (fates.cause == "removed") & (fates.hours <= 240)
    alone = fates.removal_hours <= 240
    assert removed.mean() < 0.9 * alone.mean()


def test_authors_delete_at_the_planted_rate(notified):
    fates = Fates(notified)
    found, error = kaplan_meier(fates.hours, fates.cause == "author_deleted", 24 * 7)
    assert within(found, 1 - np.exp(-7 / PLAN.removal.author_deletes_days), error)


def test_checks_bound_the_true_end_and_stop_when_the_post_is_gone(notified):
    ended = dict(notified.rows("truth/notices", "notice_id", "ended_at_us"))
    rows = notified["actions"].filter(pc.equal(notified["actions"].column("source"), "recheck"))
    names = ("notice_id", "kind", "happened_at_us", "not_before_us", "not_after_us")
    gone: dict[str, int] = {}
    last_there: dict[str, int] = {}
    for notice, kind, at_us, lower, upper in zip(
        *(rows.column(name).to_pylist() for name in names), strict=True
    ):
        if kind == "available":
            assert at_us < ended[notice]
            last_there[notice] = max(at_us, last_there.get(notice, 0))
            assert (lower, upper) == (None, None)
        else:
            assert notice not in gone
            gone[notice] = at_us
            assert ended[notice] <= upper == at_us
            assert lower is None or lower < ended[notice]
    assert len(gone) > 1_000
    for notice, at_us in gone.items():
        assert last_there.get(notice, 0) < at_us


def test_the_lower_bound_of_an_end_is_the_last_check_that_found_the_post(notified):
    rows = notified["actions"].filter(pc.equal(notified["actions"].column("source"), "recheck"))
    names = ("notice_id", "kind", "happened_at_us", "not_before_us")
    there: dict[str, int] = {}
    for notice, kind, at_us, lower in zip(*(rows.column(name).to_pylist() for name in names), strict=True):
        if kind == "available":
            there[notice] = at_us
        else:
            assert lower == there.get(notice)


def test_some_notices_are_never_checked_and_receipts_are_evidenced_at_the_planted_rate(notified):
    checked = set(notified["actions"].filter(pc.equal(notified["actions"].column("source"), "recheck"))
                  .column("notice_id").to_pylist())  # fmt: skip
    keys = notified["notices"].column("notice_id").to_pylist()
    received = notified["truth/notices"].column("received_at_us").to_numpy()
    early = received < received.max() - 20 * 24 * HOUR_US  # those whose checks all lie before the capture
    assert rate_within(np.array([key not in checked for key in keys])[early], PLAN.removal.unchecked)
    assert rate_within(
        ~notified["notices"].column("receipt_at_us").is_null().to_numpy(), PLAN.notices.receipts
    )


def test_statements_give_the_exact_time_and_the_true_cause(notified):
    rows = notified["actions"].filter(pc.not_equal(notified["actions"].column("source"), "recheck"))
    truth = {
        key: (cause, at)
        for key, cause, at in notified.rows("truth/notices", "notice_id", "cause", "ended_at_us")
    }
    kinds = {"removed": "remove", "author_deleted": "author_deleted", "account_closed": "suspend",
             "geo_blocked": "restrict_geo"}  # fmt: skip
    for notice, kind, at_us in zip(
        *(rows.column(c).to_pylist() for c in ("notice_id", "kind", "happened_at_us")), strict=True
    ):
        cause, ended = truth[notice]
        assert (kind, at_us) == (kinds[cause], ended)


def test_channels_and_notified_shares_are_the_planted_ones(notified):
    channel = Fates(notified).channel
    for name, share in PLAN.notices.channels.items():
        assert rate_within(channel == name, share)
    posts, realised = 100_000, notified.truth["realised"]
    share = (realised["notices"] - realised["notices_planted"]) / (posts - realised["planted"])
    assert share == pytest.approx(0.3, abs=0.01)


# --- scores and labels ---------------------------------------------------------------------------------


def auc_of(score: np.ndarray, is_planted: np.ndarray) -> tuple[float, float]:
    """Area under the curve and its standard error (Hanley and McNeil 1982)."""
    n1, n0 = is_planted.sum(), (~is_planted).sum()
    a = (rankdata(score)[is_planted].sum() - n1 * (n1 + 1) / 2) / (n1 * n0)
    q1, q2 = a / (2 - a), 2 * a * a / (1 + a)
    return a, np.sqrt((a * (1 - a) + (n1 - 1) * (q1 - a * a) + (n0 - 1) * (q2 - a * a)) / (n1 * n0))


@pytest.mark.parametrize(("auc", "blind"), [(0.95, 0.1), (0.8, 0.0), (0.99, 0.2)])
def test_scores_have_the_planted_area_and_blind_share(make, auc, blind):
    made = make(100_000, scores={"auc": auc, "blind": blind})
    rows = made["scores"].filter(pc.equal(made["scores"].column("platform"), "x"))
    key, score = (rows.column(c).to_numpy(zero_copy_only=False) for c in ("item_id", "score"))
    found, error = auc_of(score, is_planted_of(made, key))
    assert within(found, auc * (1 - blind) + blind / 2, error)
    assert made.truth["expected"]["auc_within_platform"] == pytest.approx(auc * (1 - blind) + blind / 2)


def test_scores_without_blindness_are_calibrated(make):
    made = make(200_000, scores={"blind": 0.0})
    rows = made["scores"].filter(pc.equal(made["scores"].column("item_kind"), "post"))
    key, score = (rows.column(c).to_numpy(zero_copy_only=False) for c in ("item_id", "score"))
    is_planted = is_planted_of(made, key)
    for low, high in ((0, 0.01), (0.01, 0.1), (0.1, 0.5), (0.5, 1.01)):
        here = (score >= low) & (score < high)
        expected = score[here].mean()
        assert within(
            is_planted[here].mean(), expected, np.sqrt((score[here] * (1 - score[here])).sum()) / here.sum()
        )


def test_the_sample_is_a_simple_random_one_drawn_in_random_order(large):
    draws = large["draws"]
    assert sorted(draws.column("draw").to_pylist()) == list(range(1, 2_001))
    assert len(set(draws.column("item_id").to_pylist())) == 2_000
    assert set(draws.column("inclusion_prob").to_pylist()) == {0.01}
    place = {key: at for at, key in enumerate(large["truth/items"].column("post_id").to_pylist())}
    places = np.array([place[key] for key in draws.column("item_id").to_pylist()]) / 200_000
    assert within(places.mean(), 0.5, np.sqrt(1 / 12 / 2_000))
    assert abs(np.corrcoef(places, draws.column("draw").to_numpy())[0, 1]) < Z / np.sqrt(2_000)


class Readings:
    """Readings of posts with their truth."""

    def __init__(self, made) -> None:
        rows = made["labels"].filter(pc.equal(made["labels"].column("item_kind"), "post"))
        names = ("item_id", "annotator_id", "round", "role", "value")
        self.key, self.reader, self.round, self.role, self.value = (
            rows.column(name).to_numpy(zero_copy_only=False) for name in names
        )
        self.is_planted = is_planted_of(made, self.key)


def test_readers_have_the_planted_sensitivity_and_specificity(make):
    made = make(50_000, labels={"validation_positives": 1_000, "validation_negatives": 10_000, "unsure": 0.0})
    found = Readings(made)
    for at, (sensitivity, specificity) in enumerate(
        zip(PLAN.labels.sensitivity, PLAN.labels.specificity, strict=True)
    ):
        here = (found.role == "validation") & (found.reader == f"reader-{at + 1}")
        assert rate_within(found.value[here & found.is_planted] == "yes", sensitivity)
        assert rate_within(found.value[here & ~found.is_planted] == "no", specificity)
    known = found.round == "adjudication"
    assert np.array_equal(found.value[known] == "yes", found.is_planted[known])


def test_validation_items_come_from_both_sides_in_the_planted_numbers(large):
    found = Readings(large)
    known = found.round == "adjudication"
    assert within((found.is_planted & known).sum(), 200, np.sqrt(200))
    assert within((~found.is_planted & known).sum(), 1_000, np.sqrt(1_000))


def test_first_readings_yes_are_read_twice_more_and_some_of_the_rest_once(large):
    found = Readings(large)
    sample = found.role == "sample"
    value = {}
    for number in ("1", "2", "3"):
        here = sample & (found.round == number)
        value[number] = dict(zip(found.key[here], found.value[here], strict=True))
    assert len(value["1"]) == 2_000
    yes = {key for key, said in value["1"].items() if said == "yes"}
    no = {key for key, said in value["1"].items() if said == "no"}
    assert set(value["3"]) == yes <= set(value["2"])
    assert within(len(set(value["2"]) - yes) / len(no), 0.1, np.sqrt(0.09 / len(no)))
    readers = {}
    for key, reader in zip(found.key[sample], found.reader[sample], strict=True):
        assert reader not in readers.setdefault(key, set())
        readers[key].add(reader)


def test_later_readings_are_worse_where_that_is_planned(make):
    plan = {"sample": 20_000, "relabelled": 20_000, "late_ratio": 0.8, "unsure": 0.0}
    made = make(20_000, labels=plan, posts={"prevalence": dict.fromkeys(PLAN.platforms.shares, 0.3)})
    found = Readings(made)
    for reader, sensitivity in enumerate(PLAN.labels.sensitivity, start=1):
        here = found.is_planted & (found.reader == f"reader-{reader}") & (found.round == "1")
        assert rate_within(found.value[here & (found.role == "sample")] == "yes", sensitivity)
        assert rate_within(found.value[here & (found.role == "relabel")] == "yes", 0.8 * sensitivity)


# --- trials and gates ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("mean", "rho"), [(0.85, 0.3), (0.4, 0.3), (0.1, 0.6), (0.9, 0.05)])
def test_clusters_have_the_planted_mean_and_correlation(mean, rho):
    chance = correlated(mean, rho, (np.arange(100_000) + 0.5) / 100_000)
    assert chance.mean() == pytest.approx(mean, abs=1e-3)
    assert chance.var() / (mean * (1 - mean)) == pytest.approx(rho, abs=1e-3)  # definition of the correlation


@pytest.fixture(scope="module")
def audited(make):
    return make(500, generator={"prompts": 250, "draws": 2}, age_gate={"testers": 200, "attempts": 4})


def complied_by_day(made, prompt_class: str) -> tuple[np.ndarray, np.ndarray]:
    rows = made["generator_trials"]
    outcome = dict(made.rows("truth/trials", "trial_id", "outcome"))
    here = pc.equal(rows.column("prompt_class"), prompt_class).to_numpy()
    result = np.array([outcome[key] for key in rows.column("trial_id").to_pylist()])[here]
    start_us = rows.column("asked_at_us").to_numpy().min() // (24 * HOUR_US)
    day = rows.column("asked_at_us").to_numpy()[here] // (24 * HOUR_US) - start_us + 1
    counted = result != "error"
    complied = np.isin(result, ["complied", "partial"])
    return day[counted], complied[counted]


def test_the_safeguard_changes_after_the_planted_day(audited):
    day, complied = complied_by_day(audited, "forbidden")
    before, after = audited.arrays("truth/prompts", "complies_before", "complies_after")
    for here, mean in ((day <= 36, before.mean()), (day > 36, after.mean())):
        assert rate_within(complied[here], mean)
    by_day = np.array([complied[day == number].mean() for number in range(1, 61)])
    jump = [abs(by_day[:at].mean() - by_day[at:].mean()) for at in range(5, 56)]
    assert 5 + int(np.argmax(jump)) == 36


def test_prompts_comply_at_the_planted_means(audited):
    before, after = audited.arrays("truth/prompts", "complies_before", "complies_after")
    for found, mean in ((before, 0.85), (after, 0.4)):
        assert within(found.mean(), mean, np.sqrt(0.3 * mean * (1 - mean) / len(found)))


def test_benign_twins_are_refused_at_the_planted_rates(audited):
    day, complied = complied_by_day(audited, "benign")
    assert rate_within(~complied[day <= 36], PLAN.generator.over_refuses_before)
    assert rate_within(~complied[day > 36], PLAN.generator.over_refuses_after)


def test_failures_are_an_outcome_of_their_own(audited):
    outcome = audited["truth/trials"].column("outcome").to_numpy(zero_copy_only=False)
    assert rate_within(outcome == "error", PLAN.generator.errors)


def test_readers_and_judge_of_trials_err_at_the_planted_rates(audited):
    truth = dict(audited.rows("truth/trials", "trial_id", "outcome"))
    labels = audited["labels"].filter(pc.equal(audited["labels"].column("item_kind"), "trial"))
    scores = audited["scores"].filter(pc.equal(audited["scores"].column("item_kind"), "trial"))
    true = np.array([truth[key] for key in labels.column("item_id").to_pylist()])
    said = np.isin(labels.column("value").to_numpy(zero_copy_only=False), ["complied", "partial"])
    complied, refused = np.isin(true, ["complied", "partial"]), true == "refused"
    assert rate_within(said[complied], PLAN.generator.sensitivity)
    assert rate_within(~said[refused], PLAN.generator.specificity)
    true = np.array([truth[key] for key in scores.column("item_id").to_pylist()])
    flagged = scores.column("score").to_numpy() >= 0.5
    assert rate_within(flagged[np.isin(true, ["complied", "partial"])], PLAN.generator.judge_sensitivity)
    assert rate_within(~flagged[true == "refused"], PLAN.generator.judge_specificity)


def test_gates_admit_at_the_planted_rates_by_method(audited):
    method, band, outcome = audited.arrays("age_trials", "method", "true_age_band", "outcome")
    is_minor, counted = np.isin(band, ["<13", "13-15"]), outcome != "error"
    rho, testers = PLAN.age_gate.correlation, 200
    for minors, rates in ((True, PLAN.age_gate.admits_minors), (False, PLAN.age_gate.admits_adults)):
        for name, rate in rates.items():
            admitted = (outcome == "admitted")[counted & (method == name) & (is_minor == minors)]
            error = np.sqrt(rate * (1 - rate) * (rho / testers + 1 / len(admitted)))
            assert within(admitted.mean(), rate, error + 1e-12)
    assert rate_within(outcome == "error", PLAN.age_gate.errors)


def test_no_stated_age_is_given_but_where_the_gate_asks_for_one(audited):
    rows = audited["age_trials"]
    asked = pc.equal(rows.column("method"), "self_declaration")
    assert pc.all(pc.equal(asked, pc.is_valid(rows.column("stated_age")))).as_py()
