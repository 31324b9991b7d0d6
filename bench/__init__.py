"""`python -m bench`, from the project's folder: its speed beside the alternatives, measured together."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow/scripts"))
