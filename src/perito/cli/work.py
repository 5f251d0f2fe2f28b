"""Commands on a whole case: run, measure, dossier, verify."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from perito.cli.output import (
    case_argument,
    case_language_option,
    json_option,
    print_findings,
    print_report,
    progress,
    quiet_option,
    write_json,
)
from perito.cli.trusted import trust_options, trusted_keys_option
from perito.errors import CaseError

if TYPE_CHECKING:
    from perito.evidence.keys import VerifierKey
    from perito.evidence.log import Trust
    from perito.findings import Language
    from perito.report import Report


def _able_engine(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    """The engine's name; one that cannot start is refused before any work."""
    from perito.engine import check_engine

    try:
        check_engine(value)
    except CaseError as error:
        place = error.where or "--engine"
        raise CaseError(
            error.what, where=place, expected=error.expected, found=error.found, remedy=error.remedy
        ) from None
    return value


engine_option = click.option(
    "--engine", default="duckdb", show_default=True, callback=_able_engine, metavar="NAME",
    help="The engine that answers: duckdb or spark.",
)  # fmt: skip


master_option = click.option(
    "--master", metavar="URL", help="The Spark master; by default Spark on this machine."
)


@click.command("run")
@case_argument
@engine_option
@master_option
@case_language_option
@json_option
@quiet_option
def run_command(
    case: str, engine: str, master: str | None, language: Language | None, as_json: bool, quiet: bool
) -> None:
    """Seal what CASE declares, build its tables, answer its questions, and build its dossier.

    Prints the headline of each finding and the path of the report. Run twice, it changes no byte.

    \b
    Examples:
      perito run my-case
      perito run my-case --language en
      perito run my-case --json > findings.json
    """  # noqa: D301  (\b is click's mark for lines that are not to be wrapped)
    from perito.case import load_case
    from perito.dossier.build import REPORT_FILE
    from perito.run import run_case

    findings = run_case(case, engine, master=master, progress=progress(quiet=quiet))
    loaded = load_case(case)
    if as_json:
        write_json([finding.to_json() for finding in findings])
    elif not quiet:
        print_findings(findings, language or loaded.language)
        click.echo(f"\n{loaded.dossier_folder / REPORT_FILE}")


@click.command("measure")
@case_argument
@click.argument("names", nargs=-1, metavar="[QUESTION]...")
@engine_option
@master_option
@case_language_option
@json_option
def measure_command(
    case: str,
    names: tuple[str, ...],
    engine: str,
    master: str | None,
    language: Language | None,
    as_json: bool,
) -> None:
    """Answer some questions of CASE (all, if none is named) over the tables as they were last built.

    Writes nothing. Questions are named by their id in case.toml.

    \b
    Example:
      perito measure my-case inventory --language en
    """  # noqa: D301  (\b is click's mark for lines that are not to be wrapped)
    from perito.case import choose_questions, load_case
    from perito.workflow import check_case, measure_case

    loaded = load_case(case)
    check_case(loaded)
    findings = measure_case(loaded, choose_questions(loaded, names), engine, master)
    if as_json:
        write_json([finding.to_json() for finding in findings])
    else:
        print_findings(findings, language or loaded.language)


@click.command("dossier")
@case_argument
@click.option("--out", type=click.Path(path_type=Path), help="Another folder to write it to; must not exist.")
@engine_option
@master_option
@quiet_option
def dossier_command(case: str, out: Path | None, engine: str, master: str | None, quiet: bool) -> None:
    """Build the dossier of CASE from its tables as they were last built.

    \b
    Example:
      perito dossier my-case --out handover
    """  # noqa: D301  (\b is click's mark for lines that are not to be wrapped)
    from perito.case import load_case
    from perito.dossier.build import build_dossier
    from perito.evidence import Store
    from perito.tables import open_tables
    from perito.workflow import answer, check_case, publish

    loaded = load_case(case)
    check_case(loaded)
    if out is not None and out.exists():
        raise CaseError("the folder exists already", where=str(out), remedy="name one that does not")
    tables = open_tables(loaded.tables_folder)
    findings = answer(loaded, loaded.questions, tables, engine, master=master, spill=loaded.spill_folder)
    if out is None:
        publish(loaded, findings)  # the findings in the case and those in its dossier are the same
    folder = out or loaded.dossier_folder
    build_dossier(loaded, findings, tables, Store(loaded.evidence_folder), folder)
    if not quiet:
        click.echo(str(folder))


@click.command("verify")
@click.argument("path", type=click.Path(), metavar="PATH")
@trusted_keys_option
@trust_options
@json_option
@quiet_option
def verify_command(path: str, keys: tuple[str, ...], as_json: bool, quiet: bool, **trust: Any) -> None:  # noqa: ANN401
    """Recompute and check the dossier or the case at PATH; nothing else is needed.

    Names the first file, row or number that differs, and ends with 1 if there is one. The signatures are
    held against the keys that PATH names itself, which shows damage only. With --key, --root and --policy
    its custody log has to hold against what you bring, as with 'perito log verify'.

    \b
    Examples:
      perito verify my-case/dossier
      perito verify my-case
      perito verify my-case/dossier --key unit4.vkey --root roots.pem --policy 1.2.3.4
    """  # noqa: D301  (\b is click's mark for lines that are not to be wrapped)
    from perito.cli.trusted import trust_in, verifier_keys_in
    from perito.dossier.verify import verify

    trusted, held_against = verifier_keys_in(keys), trust_in(trust)
    report = verify(path)
    if trusted or held_against:
        report = report.joined(_held_against(Path(path), trusted, held_against))
    print_report(report, path, as_json=as_json, quiet=quiet)


def _held_against(path: Path, keys: list[VerifierKey] | None, trust: Trust | None) -> Report:
    """What does not hold against the keys and certificates that the reader brings."""
    from perito.dossier.custody_verify import verify_custody
    from perito.report import Report

    counts = (("keys of yours", len(keys or ())), ("root certificates of yours", 1 if trust else 0))
    return Report(
        verify_custody(path, keys, trust).problems,
        tuple((f"held against {what}", number) for what, number in counts if number),
    )
