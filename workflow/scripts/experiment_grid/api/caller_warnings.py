"""Warnings that name the user's own line."""

import sys
import warnings
from pathlib import Path

PACKAGE = str(Path(__file__).parents[1])


def warn(message: str) -> None:
    """Warn at the line outside this package that led here (`skip_file_prefixes` needs Python 3.12)."""
    level, frame = 1, sys._getframe()
    while frame.f_back and frame.f_code.co_filename.startswith(PACKAGE):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, stacklevel=level)
