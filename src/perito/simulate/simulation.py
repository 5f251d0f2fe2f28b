"""The simulation as a whole: blocks made and written in turn, the truth beside them, a case around."""

from __future__ import annotations

import hashlib
from collections import Counter, deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from perito.errors import CaseError
from perito.files import write_folder
from perito.ids import evidence_id
from perito.simulate.accounts import account_tables
from perito.simulate.age_gate import gate_tables
from perito.simulate.blocks import Stage, make_block
from perito.simulate.case import PICTURES_FILE, receipts_text, write_case
from perito.simulate.groups import check_groups, check_room, group_table
from perito.simulate.impressions import panel_tables
from perito.simulate.media import pictures_in
from perito.simulate.plan import Plan
from perito.simulate.planfile import check_plan, plan_text, posts_number
from perito.simulate.trials import draw_trials, trial_tables
from perito.simulate.truth import trial_totals, truth_record
from perito.simulate.world import World
from perito.simulate.writer import PictureArchive, TableWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from perito.simulate.blocks import Block

TRUTH_FOLDER = "truth"
_LARGEST_SEED = 2**63 - 1
_MOST_WORKERS = 64


@dataclass(frozen=True)
class Simulated:
    """What was made: the folder, rows by table, and the truth as it was written."""

    folder: Path
    rows: Mapping[str, int]
    truth: Mapping[str, Any]


def simulate(
    folder: Path,
    posts: int,
    seed: int = 0,
    plan: Plan | None = None,
    *,
    pictures: int = 0,
    workers: int = 1,
    progress: Callable[[Iterable[int], str], Iterable[int]] | None = None,
) -> Simulated:
    """Make a case of simulated platforms, with the truth that was planted in `truth/`.

    The same posts, seed, plan and pictures give the same bytes, whatever the number of workers.

    Args:
        folder: The case folder; it must not exist, and is there whole or not at all.
        posts: Number of posts; reposts come on top.
        seed: Seed of every random number.
        plan: What is planted; the defaults if none is given.
        pictures: How many benign pictures are made.
        workers: How many blocks are made at the same time; memory grows with it.
        progress: Wraps the numbers of the blocks, for a progress bar.

    Raises:
        CaseError: The folder exists, or a number or the plan is impossible; nothing is written then.
    """
    world = World(plan or Plan(), _checked(seed, "--seed", 0, _LARGEST_SEED), posts_number(posts))
    _check(folder, world, pictures, workers)
    shown = progress or (lambda numbers, _: numbers)
    receipt_id = evidence_id(hashlib.sha256(receipts_text(world).encode()).hexdigest())
    stage = Stage.of(world, pictures, receipt_id)
    with write_folder(folder) as target:
        (target / TRUTH_FOLDER).mkdir()
        (target / "sources").mkdir()
        writer, totals = _write_tables(target, stage, workers, shown)
        write_case(target, world, totals, len(stage.sample.posts), writer.files)
        truth = truth_record(stage, totals, writer.rows)
        _write_truth(target, world, truth)
    return Simulated(folder, writer.rows, truth)


def _check(folder: Path, world: World, pictures: int, workers: int) -> None:
    """Everything that can be known to be wrong before work starts."""
    if folder.exists() or folder.is_symlink():
        raise CaseError("it exists already", where=str(folder), remedy="name a folder that does not exist")
    check_plan(world.plan)
    check_groups(world)
    check_room(world)
    _checked(workers, "--workers", 1, _MOST_WORKERS)
    most = min(pictures_in(world, block) for block in range(world.blocks)) * world.blocks
    _checked(pictures, "--media", 0, most)


def _checked(value: int, where: str, low: int, high: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        expected = f"a whole number from {low} to {high}"
        raise CaseError("the number is impossible", where=where, expected=expected, found=str(value)[:40])
    return value


def _write_tables(
    target: Path, stage: Stage, workers: int, shown: Callable[[Iterable[int], str], Iterable[int]]
) -> tuple[TableWriter, Counter[str]]:
    """Every table, by its writer, and totals of what is in them."""
    totals: Counter[str] = Counter()
    with TableWriter(target) as writer, PictureArchive(target / "sources" / PICTURES_FILE) as archive:
        totals.update(_write_what_is_drawn_once(writer, stage))
        blocks = _blocks(stage, workers)
        for _ in shown(range(stage.world.blocks), "blocks"):
            block = next(blocks)
            writer.write(block.tables)
            archive.write(block.pictures)
            totals.update(block.totals)
        writer.finish()
        totals["pictures"] = archive.pictures
        return writer, totals


def _write_what_is_drawn_once(writer: TableWriter, stage: Stage) -> dict[str, int]:
    world = stage.world
    for accounts in account_tables(world):
        writer.write(accounts)
    writer.write(group_table(world, stage.groups))
    writer.write(panel_tables(world, stage.panel))
    writer.write(gate_tables(world))
    trials = draw_trials(world)
    writer.write(trial_tables(world, trials))
    return trial_totals(trials)


def _blocks(stage: Stage, workers: int) -> Iterator[Block]:
    """All blocks in order; with several workers, no more are ahead of the writer than there are workers."""
    numbers = range(stage.world.blocks)
    if workers == 1:
        yield from (make_block(stage, number) for number in numbers)
        return
    with ThreadPoolExecutor(workers) as pool:
        ahead = deque(pool.submit(make_block, stage, number) for number in numbers[:workers])
        for number in numbers:
            block = ahead.popleft().result()
            if number + workers in numbers:
                ahead.append(pool.submit(make_block, stage, number + workers))
            yield block


def _write_truth(target: Path, world: World, truth: Mapping[str, Any]) -> None:
    folder = target / TRUTH_FOLDER
    (folder / "plan.toml").write_bytes(plan_text(world.plan).encode())
    options = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE
    (folder / "truth.json").write_bytes(orjson.dumps(truth, option=options))
