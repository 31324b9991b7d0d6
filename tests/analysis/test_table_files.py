"""Tables for other programs, which run nothing in them and lose no value."""

import pandas as pd
import pytest
from tables import rows

from experiment_grid.analysis.table_files import write_csv, write_latex, write_markdown

HOSTILE = [
    '=HYPERLINK("http://example.org")',
    "+1+1",
    "-2+3",
    "@SUM(A1)",
    "\t=1",
    "<img src=x onerror=alert(1)>",
    "a|b",
    "{{ 7*7 }}",
    r"\input{/etc/passwd}",
    "50 % & more_of $it$ #1 ~^",
    "two\nlines",
    '"quoted", with comma',
    "🙂 ‮ right to left",
    "x" * 300,
]


@pytest.fixture
def table():
    return pd.DataFrame({"Cell": HOSTILE, "Value": [-1.5] * len(HOSTILE)})


def test_csv_holds_text_that_no_spreadsheet_runs(tmp_path, table):
    write_csv(tmp_path / "table.csv", table)
    for text, row in zip(HOSTILE, rows(tmp_path / "table.csv"), strict=True):
        assert row["Cell"] == (f"'{text}" if text[0] in "=+-@\t" else text)
        assert row["Value"] == "-1.5"


def test_csv_keeps_full_precision_and_leaves_missing_empty(tmp_path):
    table = pd.DataFrame(
        {"a": [0.1 + 0.2, None], "b": [True, False], "c": [True, None], "d": pd.array([3, None], "Int64")}
    )
    write_csv(tmp_path / "table.csv", table)
    assert (tmp_path / "table.csv").read_text("utf-8") == "a,b,c,d\n0.30000000000000004,true,true,3\n,false,,\n"


def test_markdown_has_one_line_per_row_and_no_markup_from_names(tmp_path, table):
    write_markdown(tmp_path / "table.md", table)
    lines = (tmp_path / "table.md").read_text("utf-8").splitlines()
    assert len(lines) == 2 + len(HOSTILE)
    text = "\n".join(lines)
    for raw in ("<img", " $it$", "`", "[", "a|b"):
        assert raw not in text.replace("\\" + raw.strip()[0], "")
    assert r"a\|b" in text


def test_latex_escapes_every_special_character(tmp_path, table):
    write_latex(tmp_path / "table.tex", table, "50 % of {all}")
    text = (tmp_path / "table.tex").read_text("utf-8")
    assert r"\input{/etc" not in text
    assert r"\textbackslash input\{/etc/passwd\}" in text
    assert r"50 \% \& more\_of \$it\$ \#1 \textasciitilde \textasciicircum" in text
    assert r"\caption{50 \% of \{all\}}" in text
