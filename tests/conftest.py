"""What every test may use."""

from __future__ import annotations

import sys
from pathlib import Path

from hypothesis import settings

sys.path.insert(0, str(Path(__file__).parent))  # pytest's importlib mode does not

settings.register_profile("untimed", deadline=None)  # a busy machine is no fault
settings.load_profile("untimed")
