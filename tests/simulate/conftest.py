"""Simulations that several test modules look at; each is made once."""

import json
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from perito.simulate import Plan, simulate


class Made:
    """A simulated case, read back from its files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._tables: dict[str, pa.Table] = {}

    def __getitem__(self, name: str) -> pa.Table:
        if name not in self._tables:
            path = self.folder / (f"{name}.parquet" if "/" in name else f"sources/{name}.parquet")
            self._tables[name] = pq.read_table(path)
        return self._tables[name]

    def arrays(self, name: str, *columns: str) -> list:
        return [self[name].column(column).to_numpy(zero_copy_only=False) for column in columns]

    def rows(self, name: str, *columns: str) -> zip:
        return zip(*(self[name].column(column).to_pylist() for column in columns), strict=True)

    @cached_property
    def truth(self) -> dict:
        return json.loads((self.folder / "truth" / "truth.json").read_text("utf-8"))

    @property
    def tables(self) -> list[str]:
        return sorted(path.stem for path in (self.folder / "sources").glob("*.parquet"))


def plan_with(**sections) -> Plan:
    """The default plan with other parameters: `plan_with(impressions={"boost": 1.0})`."""
    plan = Plan()
    return replace(
        plan, **{name: replace(getattr(plan, name), **values) for name, values in sections.items()}
    )


@pytest.fixture(scope="session")
def make(tmp_path_factory):
    """Makes a simulation in a folder of its own."""

    def made(posts: int, seed: int = 7, /, *, pictures: int = 0, workers: int = 1, **sections) -> Made:
        folder = tmp_path_factory.mktemp("simulate") / "case"
        simulate(folder, posts, seed, plan_with(**sections), pictures=pictures, workers=workers)
        return Made(folder)

    return made


@pytest.fixture(scope="session")
def large(make) -> Made:
    """200,000 posts under the default plan, in blocks small enough that there are several."""
    return make(200_000, blocks={"posts": 50_000})


@pytest.fixture(scope="session")
def small(make) -> Made:
    """A small one in several blocks, with pictures."""
    return make(12_000, pictures=12, blocks={"posts": 4_000}, groups={"targets": 5})
