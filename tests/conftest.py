"""What all tests share: third-party fixtures, the example case, a fixed profile for generated input."""

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = ROOT / "examples" / "spain-2026"

settings.register_profile(
    "perito", derandomize=True, deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("perito")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Third-party fixtures that may not be part of the repository. In CI they must be there."""
    root = Path(os.environ.get("PERITO_SHARED") or ROOT.parent / "shared")
    data = root / "data"
    if not data.is_dir():
        if os.environ.get("CI"):
            pytest.fail(f"the shared fixtures are not at {root}; set PERITO_SHARED")
        pytest.skip(f"third-party fixtures are not at {root} (set PERITO_SHARED to read them)")
    return data


@pytest.fixture
def example_case(tmp_path) -> Path:
    """A fresh copy of the example case, with nothing built yet."""
    folder = tmp_path / "spain-2026"
    built = shutil.ignore_patterns("evidence", "tables", "findings", "dossier", ".perito-*")
    shutil.copytree(EXAMPLE, folder, ignore=built)
    return folder
