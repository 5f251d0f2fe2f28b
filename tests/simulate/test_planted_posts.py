"""What was planted in posts, cascades, groups, counters and pictures is there, by simple counts of its own.

Tolerances are five standard errors of the law that was planted; seeds are fixed.
"""

import struct
import zipfile
import zlib
from itertools import pairwise

import numpy as np
import pyarrow.compute as pc
import pytest
from scipy.stats import poisson

from perito.simulate import Plan, stream
from perito.simulate.media import png

Z = 5.0
PLAN = Plan()


def within(found: float, expected: float, error: float) -> bool:
    return abs(found - expected) <= Z * error


def originals(made):
    return made["posts"].filter(pc.not_equal(made["posts"].column("kind"), "repost"))


def planted(made) -> np.ndarray:
    return made["truth/items"].column("is_planted").to_numpy()


def test_platforms_have_their_shares_of_posts_and_of_the_class(large):
    platform, is_planted = originals(large).column("platform").to_numpy(zero_copy_only=False), planted(large)
    for name, share in PLAN.platforms.shares.items():
        here = platform == name
        assert within(here.mean(), share, np.sqrt(share * (1 - share) / len(here)))
        rate = PLAN.posts.prevalence[name]
        assert within(is_planted[here].mean(), rate, np.sqrt(rate * (1 - rate) / here.sum()))


def test_the_busiest_accounts_write_their_share_of_posts(large):
    accounts, expected = large.arrays("truth/accounts", "account_id", "expected_posts")
    authors = originals(large).column("account_id").value_counts()
    counts = dict(zip(authors.field("values").to_pylist(), authors.field("counts").to_pylist(), strict=True))
    busiest = np.argsort(-expected)[: len(expected) // 100]
    found = np.array([counts.get(account, 0) for account in accounts[busiest]])
    # the busiest share q writes q^(1/concentration); platforms differ in nothing but size
    share = 0.01 ** (1 / PLAN.accounts.concentration)
    assert within(found.sum() / 200_000, share, np.sqrt(share * (1 - share) / 200_000) + 0.002)
    residual = (found - expected[busiest]) / np.sqrt(expected[busiest])
    assert within((residual**2).mean(), 1, np.sqrt(2 / len(busiest)))
    assert expected.sum() == pytest.approx(200_000, rel=1e-9)


def test_posting_follows_the_hour_of_the_day(large):
    hours = originals(large).column("created_at_us").to_numpy() // 3_600_000_000 % 24
    found = np.bincount(hours, minlength=24) / len(hours) * 24
    expected = 1 + PLAN.time.daily_swing * np.cos(2 * np.pi * (np.arange(24) + 0.5 - 20) / 24)
    assert np.abs(found - expected).max() < 0.05


def test_the_class_grows_with_reach_where_that_is_planned(make):
    made = make(100_000, posts={"class_by_reach": 1.0})
    account, popularity = made.arrays("truth/accounts", "account_id", "popularity")
    reach_of = dict(zip(account, popularity, strict=True))
    reach = np.array([reach_of[author] for author in originals(made).column("account_id").to_pylist()])
    is_planted = planted(made)
    share = np.average(is_planted, weights=reach)
    error = np.sqrt(((reach / reach.sum()) ** 2 * (is_planted - share) ** 2).sum())
    assert within(share, made.truth["expected"]["planted_share_by_reach"], error)
    rate = PLAN.mean_prevalence
    assert within(is_planted.mean(), rate, np.sqrt(rate / len(is_planted)))
    assert made.truth["expected"]["planted_share_by_reach"] > 1.2 * rate


def test_members_of_a_text_family_share_nearly_all_words_and_others_do_not(large):
    texts = originals(large).column("text").to_pylist()
    family = large["truth/items"].column("text_family").to_pylist()
    members: dict[int, list[set[str]]] = {}
    for text, number in zip(texts, family, strict=True):
        if number is not None:
            members.setdefault(number, []).append(set(text.split()))
    sizes = np.array([len(words) for words in members.values()])
    assert within(sizes.sum(), 0.05 * 200_000, 1)
    assert sizes.mean() == pytest.approx(PLAN.posts.family_size, rel=0.1)
    alike = [len(a & b) / len(a | b) for words in members.values() for a, b in pairwise(words)]
    apart = [
        len(a & b) / len(a | b)
        for a, b in zip(map(set, map(str.split, texts)), [set(texts[0].split())] * 5_000, strict=False)
    ]
    assert np.quantile(alike, 0.05) > 0.5
    assert np.mean(apart) < 0.25


def test_labels_of_generated_posts_are_put_on_the_planted_share_and_on_no_other(large):
    is_generated = large["truth/items"].column("is_generated").to_numpy()
    is_labelled = originals(large).column("ai_generated_label").to_numpy(zero_copy_only=False).astype(bool)
    assert not (is_labelled & ~is_generated).any()
    assert within(is_generated.mean(), 0.2, np.sqrt(0.16 / len(is_generated)))
    assert within(is_labelled[is_generated].mean(), 0.4, np.sqrt(0.24 / is_generated.sum()))


# --- cascades ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cascades(make):
    """Cascades without groups."""
    return make(200_000, groups={"coordinated": 0, "fans": 0})


def test_direct_reposts_follow_the_reach_of_the_author(cascades):
    account, popularity = cascades.arrays("truth/accounts", "account_id", "popularity")
    reach_of = dict(zip(account, popularity, strict=True))
    mean = PLAN.cascades.root_mean * sum(
        reach_of[a] for a in originals(cascades).column("account_id").to_pylist()
    )
    depth = cascades["truth/cascades"].column("depth").to_numpy()
    assert within((depth == 1).sum(), mean, np.sqrt(mean))
    # every repost and its descendants are 1 / (1 - m) on average; variance of that total: m / (1 - m)^3
    m = PLAN.cascades.offspring_mean
    assert within(len(depth), mean / (1 - m), np.sqrt(mean / (1 - m) ** 2 + mean * m / (1 - m) ** 3))


def test_reposts_have_children_by_the_planted_poisson_law(cascades):
    keys, parents = cascades.arrays("truth/cascades", "post_id", "parent_id")
    children = dict(zip(*np.unique(parents, return_counts=True), strict=True))
    counts = np.array([children.get(key, 0) for key in keys])
    m = PLAN.cascades.offspring_mean
    assert within(counts.mean(), m, np.sqrt(m / len(counts)))
    for number in range(4):
        share = poisson.pmf(number, m)
        assert within((counts == number).mean(), share, np.sqrt(share / len(counts)))
    spreading = counts[counts > 0]
    expected = cascades.truth["expected"]["reposts_per_spreading_repost"]
    assert within(spreading.mean(), expected, spreading.std() / np.sqrt(len(spreading)))


def test_delays_from_parent_to_child_are_log_normal(cascades):
    made = dict(cascades.rows("posts", "post_id", "created_at_us"))
    keys, parents = cascades.arrays("truth/cascades", "post_id", "parent_id")
    delays_s = np.log([(made[key] - made[parent]) / 1e6 for key, parent in zip(keys, parents, strict=True)])
    error = PLAN.cascades.delay_sigma / np.sqrt(len(delays_s))
    assert within(delays_s.mean(), np.log(PLAN.cascades.delay_median_s), error)
    assert within(delays_s.std(), PLAN.cascades.delay_sigma, error)


def test_depth_and_root_follow_from_the_parents(cascades):
    keys, roots, parents, depth = cascades.arrays(
        "truth/cascades", "post_id", "root_id", "parent_id", "depth"
    )
    known = {key: (root, steps) for key, root, steps in zip(keys, roots, depth, strict=True)}
    for root, parent, steps in zip(roots, parents, depth, strict=True):
        assert known.get(parent, (parent, 0)) == (root, steps - 1)


def test_exports_join_reposts_to_the_first_post_on_x_and_to_the_true_parent_elsewhere(cascades):
    keys, roots, parents = cascades.arrays("truth/cascades", "post_id", "root_id", "parent_id")
    truth = {key: (root, parent) for key, root, parent in zip(keys, roots, parents, strict=True)}
    deep = 0
    for source, target, platform in zip(
        *cascades.arrays("edges", "src_post_id", "dst_post_id", "platform"), strict=True
    ):
        root, parent = truth[source]
        assert target == (root if platform == "x" else parent)
        deep += parent != root
    assert deep > 1_000


def test_the_class_is_passed_on_more_where_that_is_planned(make):
    made = make(100_000, cascades={"class_ratio": 3.0}, groups={"coordinated": 0, "fans": 0})
    roots, depth = made.arrays("truth/cascades", "root_id", "depth")
    direct = dict(zip(*np.unique(roots[depth == 1], return_counts=True), strict=True))
    counts = np.array([direct.get(key, 0) for key in made["truth/items"].column("post_id").to_pylist()])
    of_class, others = counts[planted(made)], counts[~planted(made)]
    ratio = of_class.mean() / others.mean()
    error = ratio * np.sqrt(of_class.var() / len(of_class) / of_class.mean() ** 2)
    assert within(ratio, 3.0, 1.2 * error)


# --- groups --------------------------------------------------------------------------------------------


def spreads_s(made, prefix: str) -> list[int]:
    """For each post that a group passed on, the seconds from its first member to its last."""
    times: dict[tuple[str, str], list[int]] = {}
    made_at = dict(made.rows("posts", "post_id", "created_at_us"))
    rows = zip(
        *(made["truth/cascades"].column(c).to_pylist() for c in ("group_id", "root_id", "post_id")),
        strict=True,
    )
    for group, root, key in rows:
        if group is not None and group.startswith(prefix):
            times.setdefault((group, root), []).append(made_at[key] // 1_000_000)
    return [max(at) - min(at) for at in times.values() if len(at) > 1]


def test_coordinated_groups_act_within_seconds_and_fans_do_not(large):
    assert max(spreads_s(large, "coordinated")) <= PLAN.groups.spread_s
    assert np.median(spreads_s(large, "fans")) > 3_600


def test_groups_act_with_their_own_members_only_and_with_the_planted_participation(large):
    members: dict[str, set[str]] = {}
    for group, account in large.rows("truth/groups", "group_id", "account_id"):
        members.setdefault(group, set()).add(account)
    assert len(set.union(*members.values())) == sum(map(len, members.values()))
    assert sorted(len(accounts) for name, accounts in members.items() if name.startswith("coordinated")) == [
        3, 3, 3, 5, 5, 5, 10, 10,
    ]  # fmt: skip
    author = dict(large.rows("posts", "post_id", "account_id"))
    acts: dict[tuple[str, str], int] = {}
    for group, root, key in large.rows("truth/cascades", "group_id", "root_id", "post_id"):
        if group is not None:
            assert author[key] in members[group]
            acts[group, root] = acts.get((group, root), 0) + 1
    possible = sum(len(members[group]) for group, _ in acts)
    share = sum(acts.values()) / possible
    assert within(share, PLAN.groups.participation, np.sqrt(0.09 / possible))


def test_what_groups_pass_on_is_passed_on_by_many_others(large):
    rows = large["truth/cascades"]
    group, root, depth = (rows.column(c).to_pylist() for c in ("group_id", "root_id", "depth"))
    targets = {r for r, g in zip(root, group, strict=True) if g is not None}
    others = sum(g is None and d == 1 and r in targets for g, r, d in zip(group, root, depth, strict=True))
    assert others / len(targets) == pytest.approx(PLAN.groups.background, rel=0.1)


# --- counters and pictures -----------------------------------------------------------------------------


def test_repost_counters_are_what_the_cascade_had_by_then(large):
    counters = large["engagement"].filter(pc.equal(large["engagement"].column("metric"), "repost"))
    made_at = dict(large.rows("posts", "post_id", "created_at_us"))
    times: dict[str, list[int]] = {}
    for root, key in large.rows("truth/cascades", "root_id", "post_id"):
        times.setdefault(root, []).append(made_at[key])
    values = [counters.column(c).to_pylist() for c in ("post_id", "value", "observed_at_us")]
    assert sum(values[1]) > 0
    for post, value, at_us in zip(*values, strict=True):
        assert value == sum(moment <= at_us for moment in times.get(post, ()))


def test_the_truth_knows_the_views_of_the_class(large):
    realised = large.truth["realised"]
    views = large["engagement"].filter(pc.equal(large["engagement"].column("metric"), "view"))
    shown = pc.sum(views.column("value")).as_py()
    assert 0.95 < shown / realised["views"] < 1
    assert 0 < realised["views_planted"] < realised["views"]


def pixels(content: bytes) -> np.ndarray:
    """A PNG file read by the standard: signature, chunks with their checksums, unfiltered lines."""
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    at, parts = 8, {}
    while at < len(content):
        (length,), name = struct.unpack(">I", content[at : at + 4]), content[at + 4 : at + 8]
        data = content[at + 8 : at + 8 + length]
        assert struct.unpack(">I", content[at + 8 + length : at + 12 + length])[0] == zlib.crc32(name + data)
        parts[name] = data
        at += 12 + length
    width, height, depth, colour, *_ = struct.unpack(">IIBBBBB", parts[b"IHDR"])
    assert (depth, colour) == (8, 2)
    lines = np.frombuffer(zlib.decompress(parts[b"IDAT"]), np.uint8).reshape(height, 1 + 3 * width)
    assert not lines[:, 0].any()
    return lines[:, 1:].reshape(height, width, 3)


def test_a_picture_reads_back_as_it_was():
    drawn = stream(7, "test").integers(0, 256, (5, 9, 3)).astype(np.uint8)
    assert np.array_equal(pixels(png(drawn)), drawn)


def test_pictures_of_a_family_look_alike_and_others_do_not(make):
    made = make(400, pictures=100, media={"share": 0.5, "families": 0.6, "side_px": 32})
    family = made["truth/media"].column("picture_family").to_pylist()[:100]
    with zipfile.ZipFile(made.folder / "sources" / "pictures.zip") as archive:
        images = [pixels(archive.read(name)).astype(float) for name in archive.namelist()]
    assert len(images) == 100
    apart = {True: [], False: []}
    for one in range(100):
        for other in range(one):
            is_same = family[one] is not None and family[one] == family[other]
            apart[is_same].append(np.abs(images[one] - images[other]).mean())
    assert max(apart[True]) < 30 < np.quantile(apart[False], 0.01)
