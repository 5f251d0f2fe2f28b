"""The page docs/performance.md: the last table, the machine that it was taken on, and what a ratio is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_HEAD = """# Performance

Taken by `python bench/run.py --page docs/performance.md`. A speed is a claim about a machine; a
**ratio** is a claim about two programs that did the same work on the same input, in turn, in the same
run. Only ratios may be compared between machines, with care: 2 means that we took half of the peer's
processor time. Rows without a peer are no ratio. Where the work of the two differs, the entry's
docstring in `bench/entries/` says how; both gave the same answer, or the run would have stopped.
Nothing here is a test, and no build depends on it. How to add an entry, and what else is no ratio:
[bench/README.md](../bench/README.md).

"""


def page(outcome: Mapping[str, Any]) -> str:
    """The page as Markdown.

    Args:
        outcome: What `bench/run.py` writes as JSON.
    """
    return _HEAD + _machine(outcome["machine"]) + _table(outcome["rows"])


def _machine(machine: Mapping[str, Any]) -> str:
    libraries = ", ".join(f"{name} {version}" for name, version in machine["libraries"].items())
    return (
        f"Machine: {machine['system']}, {machine['processor']}, {machine['cores']} cores, "
        f"{machine['memory_gb']} GB; "
        f"load at the start {machine['load']}. Python {machine['python']}; {libraries}.\n\n"
    )


def _table(rows: Sequence[Mapping[str, Any]]) -> str:
    lines = [
        "| what | size | ours | unit | peer | ratio | wall s, ours : peer | peak MB, ours : peer | target |",
        "|---|--:|--:|---|---|--:|--:|--:|--:|",
    ]
    for row in rows:
        peer = "" if row["peer"] is None else f"{row['peer']:,.3g} ({row['peer_name']})"
        ratio = "" if row["ratio"] is None else f"**{row['ratio']:.2f}**"
        size = "" if row["size"] is None else f"{row['size']:,}"
        target = "" if row["target"] is None else f"{row['target']:g}"
        both = (_both(row, part) for part in ("wall_s", "peak_mb"))
        cells = (row["name"], size, f"{row['ours']:,.3g}", row["unit"], peer, ratio, *both, target)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _both(row: Mapping[str, Any], part: str) -> str:
    taken = [row[used][part] for used in ("ours_used", "peer_used") if row[used] is not None]
    return " : ".join(f"{one:,.3g}" for one in taken)
