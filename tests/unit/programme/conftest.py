"""The constructed visits lie beside the tests of comparing them."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "tracking"))
sys.path.append(str(Path(__file__).parents[1] / "report"))  # the browser
