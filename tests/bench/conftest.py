"""Make `bench` importable, whichever way pytest was started."""

import sys

from project import ROOT

if str(ROOT) not in sys.path:
    sys.path.append(str(ROOT))
