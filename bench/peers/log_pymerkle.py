"""Entries appended to a tree of pymerkle, in memory only."""

import sys

import stopwatch


def prepare() -> tuple:
    """An empty tree and the entries."""
    from pymerkle import InmemoryTree

    entries = [f'{{"act":"sealed","number":{number}}}'.encode() for number in range(int(sys.argv[1]))]
    return InmemoryTree(algorithm="sha256"), entries


def work(given: tuple) -> str:
    """The root."""
    tree, entries = given
    for entry in entries:
        tree.append_entry(entry)
    return tree.get_root().hex()


stopwatch.report(work, prepare)
