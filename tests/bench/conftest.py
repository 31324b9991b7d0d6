"""The bench is beside the tests, in the project's folder; this makes it importable however pytest was started."""

import sys

from project import ROOT

if str(ROOT) not in sys.path:
    sys.path.append(str(ROOT))
