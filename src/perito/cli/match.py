"""`perito match`: is this the same picture? Hash, search in banks, cluster, compare; how well that works."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from perito.cli.match_more import frames_command, robustness_command, texts_command, videos_command
from perito.cli.output import json_option, progress, quiet_option, write_json
from perito.errors import CaseError

if TYPE_CHECKING:
    import pyarrow as pa

    from perito.match.bank import Bank, BankMatch
    from perito.match.sealing import SealedTable

source_argument = click.argument("source", type=click.Path(path_type=Path), metavar="SOURCE")
workers_option = click.option("--workers", type=click.IntRange(1), help="Processes; all cores by default.")
radius_option = click.option(
    "--radius", type=click.IntRange(0, 47), default=31, show_default=True, help="Most bits that may differ."
)


@click.group("match")
def match_command() -> None:
    """Find copies and edited copies of pictures, videos and texts, without looking at them.

    SOURCE is a file, a folder, a case (its sealed pictures), or Parquet with the columns id and bytes.
    A picture of quality under 50 is not comparable: the answer is 'cannot say', never 'no match'.

    \b
    Examples:
      perito match hash photos --out hashes.csv
      perito match search my-case --bank known.csv --bank-format hash_list
      perito match cluster photos
      perito match compare photo.jpg found.png --map differs.png
      perito match videos one.mp4 other.mp4
      perito match texts posts.csv
      perito match robustness --pictures 200
    """  # noqa: D301  (\b is click's mark for lines that are not to be wrapped)


@match_command.command("hash")
@source_argument
@click.option(
    "--out", type=click.Path(path_type=Path), help="Write a CSV or Parquet file instead of printing."
)
@click.option(
    "--no-store", is_flag=True, help="Keep nothing but hashes, and record the consent to take them."
)
@click.option("--consent", metavar="TEXT", help="Who consented to what, for --no-store.")
@click.option("--by", metavar="NAME", help="Who takes the hashes, for --no-store.")
@click.option(
    "--master", metavar="URL",
    help="Hash Parquet on Spark: local[N], or spark://host:port, whose workers see the file and have perito.",
)  # fmt: skip
@workers_option
@json_option
@quiet_option
def hash_command(
    source: Path, out: Path | None, consent: str | None, by: str | None, workers: int | None,
    master: str | None, *, no_store: bool, as_json: bool, quiet: bool,
) -> None:  # fmt: skip
    """Take the hashes of every picture of SOURCE: SHA-256, SHA-1, MD5, and PDQ with its quality.

    With --no-store the pictures stay where they are and only hashes leave: the file --out can be given to
    the holder of a bank, who answers with 'perito match search FILE --bank BANK'. Beside it lies a record
    of the consent and of what was kept.

    \b
    Examples:
      perito match hash photos --out hashes.csv
      perito match hash pictures.parquet --master 'local[4]' --out hashes.parquet
      perito match hash photo.jpg --no-store --consent 'in writing, of that day' --by A.B. --out ask.csv
    """  # noqa: D301
    from perito.clock import now_us
    from perito.match.consent import write_consent
    from perito.match.sources import hashed

    if no_store and not (consent and by and out):
        raise CaseError("--no-store needs --consent, --by and --out", remedy="say who consented to what")
    if master is None:
        table = hashed(source, workers=workers, progress=progress(quiet=quiet or as_json))
    else:
        table = _hashed_on_spark(source, master)
    if no_store:
        table = table.set_column(0, "id", [_numbered(table.num_rows)])
    if out is not None:
        _write_table(table, out)
    if no_store and out is not None:
        record = write_consent(out, consent or "", by or "", table.num_rows, now_us())
        if not quiet:
            click.echo(record)
    elif as_json:
        write_json(table.to_pylist())
    elif not quiet:
        _print_hashes(table)


@match_command.command("search")
@source_argument
@click.option(
    "--bank", "banks", multiple=True, required=True, type=click.Path(path_type=Path),
    metavar="FILE", help="A hash list; may be given several times.",
)  # fmt: skip
@click.option("--bank-format", metavar="NAME", help="Its format; recognised from the bytes if not given.")
@click.option(
    "--known-abuse", is_flag=True, help="The lists name abuse material: a match prompts the duty to report."
)
@click.option("--edited", "known", type=click.Path(path_type=Path), metavar="FOLDER",
              help="Look for edited copies of the pictures of this folder too.")  # fmt: skip
@click.option("--seal", is_flag=True, help="Seal the matches into the case SOURCE.")
@radius_option
@workers_option
@json_option
@quiet_option
def search_command(
    source: Path, banks: tuple[Path, ...], bank_format: str | None, known: Path | None, radius: int,
    workers: int | None, *, known_abuse: bool, seal: bool, as_json: bool, quiet: bool,
) -> None:  # fmt: skip
    """Look for the pictures of SOURCE, or the hashes in a file of 'match hash --out', in hash lists.

    Answers name entry, distance and provenance, not the list's hashes. Exit code 0 whether or not there
    are matches.

    \b
    Examples:
      perito match search ask.csv --bank known.csv --json
      perito match search my-case --bank known.csv --seal
    """  # noqa: D301
    from perito.clock import now_us
    from perito.match.asking import bank_of, queries_of, seal_found
    from perito.match.sealing import check_case

    if seal:
        check_case(source)
    bank = bank_of(banks, bank_format)
    queries, refused = queries_of(source, workers, progress(quiet=quiet or as_json))
    found = bank.search(queries, radius)
    edited, unreadable = _edited(source, known) if known is not None else ([], [])
    duties = _duties(source, found) if known_abuse else []
    sealed = seal_found(source, banks, radius, found, edited, at_us=now_us()) if seal else []
    if as_json:
        write_json({
            "searched": len(queries), "not_comparable": refused, "entries": len(bank.entries),
            "entries_not_comparable": len(bank.not_comparable()),
            "entries_without_provenance": len(bank.without_provenance()),
            "matches": [one.answer() for one in found], "edited": edited, "unreadable": unreadable,
            "duty": duties, "sealed": _sealed_json(sealed),
        })  # fmt: skip
        return
    _print_matches(found, edited, duties, quiet=quiet)
    _print_sealed(sealed, quiet=quiet)
    if not quiet:
        click.echo(_searched(len(queries), refused, bank))


@match_command.command("cluster")
@source_argument
@click.option("--seal", is_flag=True, help="Seal hashes and pairs into the case SOURCE, for its measures.")
@click.option("--texts", is_flag=True, help="Seal families of copied texts of the posts too; needs --seal.")
@click.option(
    "--text-threshold", type=click.FloatRange(0, 1, min_open=True), default=0.7, show_default=True,
    help="Share of five-character runs from which two texts are copies.",
)  # fmt: skip
@radius_option
@workers_option
@json_option
@quiet_option
def cluster_command(
    source: Path, radius: int, workers: int | None, text_threshold: float,
    *, seal: bool, texts: bool, as_json: bool, quiet: bool,
) -> None:  # fmt: skip
    """Group the pictures of SOURCE into families that show the same.

    With --seal, hashes of all pictures of the case and the pairs that match become evidence of their own;
    the next 'perito run' builds tables of them, and questions of the measure 'copies' rest on these.

    \b
    Examples:
      perito match cluster photos --json
      perito match cluster my-case --seal --texts
    """  # noqa: D301
    from perito.clock import now_us
    from perito.match.asking import clustered, sealed_cluster

    if texts and not seal:
        raise CaseError("--texts needs --seal", remedy="give a case and --seal")
    shown = progress(quiet=quiet or as_json)
    if seal:
        threshold = text_threshold if texts else None
        answer, sealed = sealed_cluster(
            source, radius, workers, shown, at_us=now_us(), text_threshold=threshold
        )
    else:
        answer, sealed = clustered(source, radius, workers, shown), []
    if as_json:
        write_json({**answer, "sealed": _sealed_json(sealed)} if seal else answer)
        return
    for family in answer["families"]:
        click.echo(
            f"{len(family['members'])} pictures, bits that differ: {family['largest_distance']} at most"
        )
        for member in family["members"]:
            click.echo(f"  {'*' if member == family['representative'] else ' '} {_shown(member)}")
    if not quiet:
        click.echo(
            f"{answer['pictures']} pictures, {len(answer['families'])} families; "
            f"{answer['not_comparable']} not comparable, {answer['unreadable']} unreadable"
        )
    _print_sealed(sealed, quiet=quiet)


@match_command.command("origin")
@source_argument
@click.option("--seal", is_flag=True, help="Seal the declarations into the case SOURCE.")
@json_option
@quiet_option
def origin_command(source: Path, *, seal: bool, as_json: bool, quiet: bool) -> None:
    """What the pictures of SOURCE declare of how they were made: C2PA, XMP, parameters of generators.

    Nothing is inferred from a picture, and no declaration found says nothing: one ordinary save removes
    them all. Nothing is fetched.

    \b
    Examples:
      perito match origin photo.jpg
      perito match origin my-case --seal
    """  # noqa: D301
    from perito.clock import now_us
    from perito.match.asking import declared_by, seal_origins
    from perito.match.sealing import check_case

    if seal:
        check_case(source)
    found = declared_by(source, progress(quiet=quiet or as_json))
    sealed = seal_origins(source, found, at_us=now_us()) if seal else []
    if as_json:
        read = {
            name: {"state": "unreadable", "faults": [one]} if isinstance(one, str) else one.to_json()
            for name, one in found.items()
        }
        write_json({"origins": read, "sealed": _sealed_json(sealed)})
        return
    for name, one in found.items():
        click.echo(f"{_shown(name)}: {_shown(one if isinstance(one, str) else one.text().plain('en', {}))}")
    _print_sealed(sealed, quiet=quiet)


@match_command.command("compare")
@click.argument("one", type=click.Path(path_type=Path), metavar="ONE")
@click.argument("other", type=click.Path(path_type=Path), metavar="OTHER")
@click.option(
    "--map", "region", type=click.Path(path_type=Path), help="Write the region that differs as PNG."
)
@json_option
def compare_command(one: Path, other: Path, region: Path | None, *, as_json: bool) -> None:
    """Compare two pictures: bytes, PDQ in all symmetries, parts, geometry, declared origin.

    \b
    Example:
      perito match compare photo.jpg found.png --map differs.png
    """  # noqa: D301
    from perito.match.asking import compared, write_map

    answer, verification = compared(one, other)
    if region is not None:
        write_map(verification, region)
    if as_json:
        write_json(answer)
        return
    for name, value in answer.items():
        click.echo(f"{name.replace('_', ' '):<29} {_shown(str(value))}")


def _hashed_on_spark(source: Path, master: str) -> pa.Table:
    from perito.match.spark_hashing import hash_parquet_on_spark

    return hash_parquet_on_spark(source, master=master)


def _numbered(count: int) -> pa.Array:
    import pyarrow as pa

    return pa.array([f"picture-{number}" for number in range(1, count + 1)], pa.string())


def _write_table(table: pa.Table, out: Path) -> None:
    from perito.match.hash_tables import write_hashes

    write_hashes(table, out)


def _print_hashes(table: pa.Table) -> None:
    for row in table.to_pylist():
        if row["error"]:
            click.echo(f"{'-':>3} {_shown(row['id'])}: {_shown(row['error'])}")
        else:
            remark = f" ({row['remark']})" if row["remark"] else ""
            click.echo(f"{row['pdq_quality']:>3} {row['pdq']} {_shown(row['id'])}{remark}")


def _edited(source: Path, known: Path) -> tuple[list[dict[str, Any]], list[str]]:
    from perito.match.asking import edited_copies

    return edited_copies(source, known)


def _duties(source: Path, found: list[BankMatch]) -> list[str]:
    from perito.match.asking import prompt_duties

    return prompt_duties(source, found)


def _print_matches(
    found: list[BankMatch], edited: list[dict[str, Any]], duties: list[str], *, quiet: bool
) -> None:
    for one in found:
        unknown = "" if one.is_quality_known else ", quality of the entry not known"
        told = one.entry.provenance or "no provenance: no finding may rest on it"
        click.echo(
            f"{_shown(one.query_id)}  {one.entry.algorithm}, {one.distance} bits{unknown}: "
            f"{_shown(one.entry.list_id)} {_shown(one.entry.entry_id)} ({_shown(told)})"
        )
    for copy in edited:
        click.echo(f"{_shown(copy['id'])}  {copy['words']}: {_shown(copy['known'])}")
    for words in duties:
        click.secho(words, bold=True, err=quiet)


def _sealed_json(sealed: list[SealedTable]) -> list[dict[str, Any]]:
    return [vars(one) for one in sealed]


def _print_sealed(sealed: list[SealedTable], *, quiet: bool) -> None:
    for one in [] if quiet else sealed:
        state = "sealed" if one.is_new else "was sealed"
        click.echo(f"{state}: {one.path}, {one.rows} rows, {one.evidence_id}")


def _searched(queries: int, refused: int, bank: Bank) -> str:
    return (
        f"{queries} searched in {len(bank.entries)} entries; {refused} pictures and "
        f"{len(bank.not_comparable())} entries not comparable, cannot say for these"
    )


def _shown(words: str) -> str:
    from perito.evidence import shown_name

    return shown_name(words)


for _command in (frames_command, videos_command, texts_command, robustness_command):
    match_command.add_command(_command)
