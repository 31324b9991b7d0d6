"""Tables as other programs read them: CSV that a spreadsheet takes for data, LaTeX and Markdown of the comparison."""

import re
from pathlib import Path
from typing import Any

import pandas as pd

from experiment_grid.config.labels import title
from experiment_grid.runtime.files import replacing

# What the exported table shows: column → (heading, format). Of the parameters these, and those in which cells differ.
PARAMETERS = {
    "hidden": ("Hidden layers", "{}"),
    "loss": ("Loss", "{}"),
    "learning_rate": ("Learning rate", "{:g}"),
    "batch_size": ("Batch", "{}"),
    "epochs": ("Epochs", "{}"),
    "normalize": ("Normalized", "{}"),
    "train_fraction": ("Training share", "{:g}"),
}
FIGURES = {
    "seeds": ("Seeds", "{}"),
    "train_loss": ("Train loss", "{:.4f}"),
    "train_accuracy": ("Train acc. (%)", "{:.2%}"),
    "validation_accuracy": ("Val. acc. (%)", "{:.2%}"),
    "test_loss": ("Test loss", "{:.4f}"),
    "test_accuracy": ("Test acc. (%)", "{:.2%}"),
    "interval": ("Interval", "{}"),
    "test_f1_macro": ("Macro F1", "{:.4f}"),
    "train_seconds": ("Train s", "{:.1f}"),
    "status": ("Status", "{}"),
}


def write_csv(path: Path, table: pd.DataFrame) -> None:
    """Write a table with full precision; text that a spreadsheet would run as a formula gets an apostrophe in front."""
    table = table.copy()
    for column in table.columns:
        if table[column].dtype == bool:
            table[column] = table[column].map({True: "true", False: "false"})
        elif not pd.api.types.is_numeric_dtype(table[column]):
            table[column] = pd.Series([_inert(value) for value in table[column]], table.index, dtype=object)
    with replacing(path) as part:
        table.to_csv(part, index=False, lineterminator="\n")


def _inert(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") and len(value) > 1:
        return "'" + value
    return value


def shown_table(comparison: pd.DataFrame) -> pd.DataFrame:
    """The comparison as text, with the columns and digits of a paper's table."""
    table = pd.DataFrame({"Cell": [str(cell) for cell in comparison["cell"]]}, index=comparison.index)
    for column, (heading, form) in (_parameters(comparison) | FIGURES).items():
        table[heading] = [_text(value, form) for value in comparison[column]]
    limits = zip(comparison["test_accuracy_low"], comparison["test_accuracy_high"], strict=True)
    table["Interval"] = ["" if pd.isna(low) else f"{100 * low:.2f} to {100 * high:.2f}" for low, high in limits]
    return table


def _parameters(comparison: pd.DataFrame) -> dict[str, tuple[str, str]]:
    columns = list(comparison.columns)
    parameters = columns[1 : columns.index("seeds")]
    shown = [name for name in parameters if name in PARAMETERS or comparison[name].nunique() > 1]
    headings = {name: title(name) for name in shown}
    return {name: PARAMETERS.get(name, (text[:1].upper() + text[1:], "{}")) for name, text in headings.items()}


def _text(value: Any, form: str) -> str:
    if pd.isna(value):
        return ""
    return form.format(value).rstrip("%") if form.endswith("%}") else form.format(value)


def write_latex(path: Path, table: pd.DataFrame, caption: str) -> None:
    """A booktabs table (`\\usepackage{booktabs}`); everything in it is text to LaTeX."""
    lines = table.to_latex(index=False, escape=True, caption=_latex(caption), label="tab:comparison", position="htbp")
    with replacing(path) as part:
        part.write_text(lines, "utf-8")


def _latex(text: str) -> str:
    special = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
    return re.sub(r"[\\~^&%$#_{}]", lambda found: special.get(found[0], "\\" + found[0]), text)


def write_markdown(path: Path, table: pd.DataFrame) -> None:
    """A table in GitHub's Markdown; everything in it is text to Markdown and to HTML."""
    rows = [list(table.columns), ["---"] * table.shape[1], *table.to_numpy().tolist()]
    escaped = [row if row[0] == "---" else [_markdown(str(value)) for value in row] for row in rows]
    with replacing(path) as part:
        part.write_text("".join(f"| {' | '.join(row)} |\n" for row in escaped), "utf-8")


def _markdown(text: str) -> str:
    escaped = re.sub(r"([\\`*_{}\[\]<>&|#~!$])", r"\\\1", text)
    return re.sub(r"\s+", " ", escaped)
