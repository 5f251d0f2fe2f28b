"""A missing extra is one error that names it, not a fault of every file."""

import pytest

from perito.errors import CaseError
from perito.match import compiled
from perito.match.sources import hashed


def test_without_the_extra_hashing_says_so_before_any_file_is_read(monkeypatch, tmp_path):
    monkeypatch.setattr(compiled, "find_spec", lambda name: None if name == "simplejpeg" else object())
    with pytest.raises(CaseError, match="simplejpeg"):
        hashed(tmp_path)
