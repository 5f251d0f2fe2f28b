"""The commands of `perito match` beside pictures: videos, texts, and how well matching works."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from perito.cli.output import json_option, progress, quiet_option, write_json

if TYPE_CHECKING:
    from perito.match.robustness import EditRow
    from perito.match.video import FrameHashes, VideoMatch

_file = click.Path(path_type=Path)
every_option = click.option(
    "--every", type=click.IntRange(1), default=1, show_default=True,
    help="Hash every n-th frame only: enough for candidates, not for evidence.",
)  # fmt: skip


@click.command("frames")
@click.argument("video", type=_file, metavar="VIDEO")
@click.option("--out", type=_file, help="Write a file instead of printing.")
@every_option
def frames_command(video: Path, out: Path | None, every: int) -> None:
    """Take the hashes of a video's frames, as vPDQ writes them: frame, quality, PDQ, seconds.

    The video is decoded in a process of its own, within limits.

    \b
    Example:
      perito match frames film.mp4 --out film.txt
    """  # noqa: D301
    from perito.errors import CaseError
    from perito.match.apart import video_apart

    held = video_apart(video, every=every)
    columns = zip(held.frame.tolist(), held.quality.tolist(), held.hexes(), held.time_s.tolist(), strict=True)
    lines = "".join(f"{frame},{quality},{pdq},{time_s:.3f}\n" for frame, quality, pdq, time_s in columns)
    if out is None:
        click.echo(lines, nl=False)
        return
    try:
        out.write_text(lines, "utf-8")
    except OSError as fault:
        raise CaseError("the file cannot be written", where=str(out), found=str(fault)) from fault


@click.command("videos")
@click.argument("one", type=_file, metavar="ONE")
@click.argument("other", type=_file, metavar="OTHER")
@every_option
@click.option("--radius", type=click.IntRange(0, 47), default=31, show_default=True,
              help="Most bits that may differ.")  # fmt: skip
@json_option
def videos_command(one: Path, other: Path, every: int, radius: int, *, as_json: bool) -> None:
    """Compare two videos: the share of each one's frames that the other shows, and the longest run.

    Frames of quality under 50 are not comparable: they are counted and in no share. A shared title or still
    matches too: a share says how much is the same, not why.

    \b
    Example:
      perito match videos one.mp4 other.mp4
    """  # noqa: D301
    from perito.match.apart import video_apart
    from perito.match.video import compare_videos

    first, second = video_apart(one, every=every), video_apart(other, every=every)
    answer = _videos_json(compare_videos(first, second, radius), first, second)
    if as_json:
        write_json({"every": every, "radius": radius, **answer})
        return
    for name, side in (("one", answer["one"]), ("other", answer["other"])):
        click.echo(f"{name:<6} {_share_words(side)}")
    run = answer["longest_run"]
    if run is not None:
        spans = [f"{low:.1f} to {high:.1f} s" for low, high in (run["one_s"], run["other_s"])]
        click.echo(f"longest run: {run['frames']} frames, {spans[0]} of one, {spans[1]} of the other")


@click.command("texts")
@click.argument("source", type=_file, metavar="SOURCE")
@click.option(
    "--threshold", type=click.FloatRange(0, 1, min_open=True), default=0.7, show_default=True,
    help="Share of five-character runs from which two texts are copies.",
)  # fmt: skip
@click.option("--lookalikes", is_flag=True, help="Read letters that look like Latin ones as these.")
@json_option
@quiet_option
def texts_command(source: Path, threshold: float, *, lookalikes: bool, as_json: bool, quiet: bool) -> None:
    """Group texts into families of copies, word for word or edited.

    SOURCE is a case (its posts), CSV, Parquet or JSON lines with id and text, or .txt with one text a line.
    A translation is no copy here, and short stock phrases make families of people who never met.

    \b
    Examples:
      perito match texts posts.csv --threshold 0.8
      perito match texts my-case --json
    """  # noqa: D301
    from perito.evidence import shown_name
    from perito.match.text_sources import copied_texts, texts_of_source

    answer = copied_texts(*texts_of_source(source), threshold, lookalikes=lookalikes)
    if as_json:
        write_json(answer)
        return
    for family in answer["families"]:
        click.echo(
            f"{len(family['members'])} texts, at least {family['least_similarity_to_first']:.2f} "
            "of the first in each"
        )
        for member in family["members"]:
            click.echo(f"  {shown_name(member)}")
    if not quiet:
        found = len(answer["families"])
        click.echo(f"{answer['texts']} texts, {found} families; {answer['missing']} without text")


@click.command("robustness")
@click.argument("folder", required=False, type=_file, metavar="[FOLDER]")
@click.option(
    "--pictures", type=click.IntRange(1), default=200, show_default=True, help="How many to make or take."
)
@click.option("--seed", type=int, default=1, show_default=True, help="Seed of the random crops and pictures.")
@json_option
@quiet_option
def robustness_command(folder: Path | None, pictures: int, seed: int, *, as_json: bool, quiet: bool) -> None:
    """How often an edited copy is still found: by edit, on the pictures of FOLDER or on ones made here.

    Each share stands with its exact binomial interval (95 %), so do false matches among pairs of pictures
    that are not the same.

    \b
    Example:
      perito match robustness --pictures 20
    """  # noqa: D301
    from perito.match.asking import trial_pictures
    from perito.match.robustness import robustness

    known, strangers = trial_pictures(folder, pictures, seed)
    rows = robustness(known, strangers, seed=seed, progress=progress(quiet=quiet or as_json))
    if as_json:
        write_json([{**row.to_json(), **_intervals(row)} for row in rows])
        return
    click.echo(
        f"{'edit':<42}{'tried':>7}{'by hash':>9}{'found':>7}{'share (95 %)':>20}{'verified':>10}{'false':>7}"
    )
    for row in rows:
        recall = "-" if (share := _intervals(row)["recall"]) is None else (
            f"{share['low']:.1%} to {share['high']:.1%}"
        )  # fmt: skip
        click.echo(
            f"{row.edit:<42}{row.tried:>7}{row.by_hash:>9}{row.found:>7}{recall:>20}{row.verified:>10}{row.false:>7}"
        )
    click.echo(_false_words(sum(row.false for row in rows), sum(row.pairs for row in rows)))


def _intervals(row: EditRow) -> dict[str, Any]:
    from perito.match.robustness import UNRELATED

    is_known = row.edit != UNRELATED
    return {
        "recall": _interval(row.found, row.tried) if is_known else None,
        "false_per_pair": _interval(row.false, row.pairs),
    }


def _interval(found: int, tried: int) -> dict[str, Any] | None:
    from perito.stats.proportion import clopper_pearson

    if not tried:
        return None
    held = clopper_pearson(found, tried)
    ends = {"low": held.low, "high": held.high, "level": held.level, "method": held.method}
    return {"estimate": found / tried, **ends}


def _false_words(false: int, pairs: int) -> str:
    held = _interval(false, pairs)
    if held is None:
        return "no pairs of pictures that are not the same: nothing is known of false matches"
    return (
        f"false: {false} of {pairs:,} pairs of pictures that are not the same, all windows together; "
        f"at most {held['high']:.2g} a pair (95 %, if pairs were independent)"
    )


def _videos_json(match: VideoMatch, first: FrameHashes, second: FrameHashes) -> dict[str, Any]:
    run = match.longest
    return {
        "one": _side(match.query_frames, match.query_share, match.not_comparable[0], first.damaged_from),
        "other": _side(match.other_frames, match.other_share, match.not_comparable[1], second.damaged_from),
        "longest_run": run
        and {"frames": run.frames, "one_s": list(run.query_s), "other_s": list(run.other_s)},
    }


def _side(frames: int, share: float | None, left_out: int, damaged_from: int | None) -> dict[str, Any]:
    return {
        "comparable_frames": frames, "share": share, "not_comparable": left_out, "damaged_from": damaged_from,
    }  # fmt: skip


def _share_words(side: dict[str, Any]) -> str:
    damaged = "" if side["damaged_from"] is None else f"; not decoded from frame {side['damaged_from']} on"
    left_out = f"{side['not_comparable']} not comparable{damaged}"
    if side["share"] is None:
        return f"cannot say: no frames to compare; {left_out}"
    return f"{side['share']:.1%} of {side['comparable_frames']} frames match; {left_out}"
