"""What the tests of matching share: published hashes, media with planted pairs.

The folder of these tests can be imported from: `pictures` and `planted` stand there.
"""

import json
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from perito.match import HammingIndex
from perito.schema import table
from perito.schema.arrow import arrow_schema

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def expected_pdq(shared_data):
    """Hashes and qualities of the published images by the reference, by path (pdqhash 0.2.8)."""
    return json.loads((shared_data / "match" / "pdq_expected.json").read_text("utf-8"))


@pytest.fixture(scope="session")
def media(tmp_path_factory):
    """Media with planted pairs, equal hashes, a hash of too low a quality, and one without a hash."""
    from planted import planted

    hexes = [bytes(row).hex() for row in planted(1, 1500, 41 * 6)]
    values = {
        "pdq": [*hexes, hexes[0], None, hexes[3][:-1] + "f"],
        "pdq_quality": [50] * (len(hexes) + 2) + [49],
    }
    values["media_id"] = [f"x:{number}" for number in range(len(values["pdq"]))]
    columns = [
        pa.array(values[field.name], field.type)
        if field.name in values
        else pa.nulls(len(values["pdq"]), field.type)
        for field in arrow_schema(table("media"))
    ]
    file = tmp_path_factory.mktemp("media") / "media.parquet"
    pq.write_table(pa.table(columns, arrow_schema(table("media")).names), file)
    return file


@pytest.fixture(scope="session")
def expected():
    """What the index finds among the different comparable hashes."""
    from planted import planted

    hashes = np.unique(planted(1, 1500, 41 * 6), axis=0)
    found = HammingIndex(hashes).self_join()
    hexes = [bytes(row).hex() for row in hashes]
    pairs = zip(found.query.tolist(), found.entry.tolist(), found.distance.tolist(), strict=True)
    return sorted((hexes[one], hexes[other], distance) for one, other, distance in pairs)
