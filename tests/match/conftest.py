"""Pictures for the tests of matching."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # tests import signed_pictures.py
