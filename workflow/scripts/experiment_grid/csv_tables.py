"""The workflow's CSV files, as tables."""

from pathlib import Path

import pandas as pd

TEXT = ("cell", "name", "from", "to", "from_value", "to_value", "nearest_cell", "row", "measured_as")


def read_table(path: Path) -> pd.DataFrame:
    """The table in a file. Only the empty string is missing: a cell may be called "nan" or "007"."""
    return pd.read_csv(path, keep_default_na=False, na_values=[""], dtype=dict.fromkeys(TEXT, str))
