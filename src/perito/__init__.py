"""perito: sealed evidence, measured findings with honest error, and a dossier that can be recomputed."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from perito.dossier.verify import verify
    from perito.errors import PeritoError
    from perito.findings import Finding
    from perito.report import Report
    from perito.run import run_case

__version__ = "0.1.0"
__all__ = ["Finding", "PeritoError", "Report", "__version__", "run_case", "verify"]

# Names load on first use: `perito --help` must not pay for numpy.
_HOMES = {
    "Finding": "perito.findings",
    "PeritoError": "perito.errors",
    "Report": "perito.report",
    "run_case": "perito.run",
    "verify": "perito.dossier.verify",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401  (a module's attribute is anything)
    if name not in _HOMES:
        raise AttributeError(f"module 'perito' has no attribute '{name}'")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
