"""Draw the DAG by rule and by cell; boxes of jobs that would run are filled."""

from dataclasses import dataclass, replace
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from experiment_grid.planning.stages import STAGES
from experiment_grid.runtime.files import replacing

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

APART = "train_seed"  # of the jobs of a cell's training one is drawn
DRAWN = {
    name: replace(stage, after=tuple(before for before in stage.after if before != APART))
    for name, stage in STAGES.items()
    if name != APART
}
MOST_CELLS = 40  # drawn one by one; the rest is counted
HEIGHT, GAP_X, GAP_Y, MARGIN, PADDING = 26, 34, 8, 16, 8  # of a box, around it and in it, in pixels
CHARACTER = 7.3  # pixels; of one width in every monospaced font: a name's length is known without measuring
LEGEND = 34  # height of the line above the boxes
STYLE = """\
text { font: 12px monospace; fill: #1d2125; }
rect { fill: #ffffff; stroke: #595f66; }
.runs rect { fill: #f6d7b8; stroke: #c4500a; }
path { fill: none; stroke: #595f66; }
.paper { fill: #ffffff; stroke: none; }"""


@dataclass(frozen=True)
class Box:
    """A job, or several of one rule: `why` is empty where nothing of it would run."""

    stage: str
    text: str
    why: str
    row: float = 0


def by_rule(jobs: list[tuple[str, str | None, list[str]]]) -> list[Box]:
    """A box per stage, with its number of jobs; `jobs` are stage, cell and reasons to run."""
    boxes = []
    for stage in DRAWN:
        mine = [why for name, _, why in jobs if name == stage]
        runs = sum(map(bool, mine))
        count = ""
        if DRAWN[stage].per_cell:
            count = f" {runs} of {len(mine)}" if 0 < runs < len(mine) else f" × {len(mine)}"
        boxes.append(Box(stage, stage + count, f"{runs} of {len(mine)} would run" if runs else ""))
    return _beside(boxes)


def by_cell(jobs: list[tuple[str, str | None, list[str]]]) -> list[Box]:
    """A box per job, a row per cell; the stages without cells are in the middle."""
    jobs = [job for job in jobs if job[0] in DRAWN]
    cells = list(dict.fromkeys(cell for _, cell, _ in jobs if cell))
    rows = {cell: row for row, cell in enumerate(cells[:MOST_CELLS])}
    boxes = [
        Box(stage, f"{stage} {cell}" if cell else stage, "; ".join(why), rows[cell] if cell else (len(rows) - 1) / 2)
        for stage, cell, why in jobs
        if cell is None or cell in rows
    ]
    if len(cells) > len(rows):
        rest = [(stage, why) for stage, cell, why in jobs if cell and cell not in rows]
        for stage in dict.fromkeys(stage for stage, _ in rest):
            mine = [why for name, why in rest if name == stage]
            runs = sum(map(bool, mine))
            text = f"… and {len(mine)} cells more" + (f", {runs} run" if 0 < runs < len(mine) else "")
            boxes.append(Box(stage, text, f"{runs} of {len(mine)} would run" if runs else "", len(rows)))
    return _beside(boxes)


def _beside(boxes: list[Box]) -> list[Box]:
    """Stages of one column that have no cells, one below the other."""
    placed = []
    for box in boxes:
        column = [name for name in DRAWN if _column(name) == _column(box.stage)]
        shift = column.index(box.stage) - (len(column) - 1) / 2
        placed.append(Box(box.stage, box.text, box.why, box.row + shift))
    return placed


def svg(boxes: list[Box]) -> str:
    """The picture: a column is as wide as its longest text. Arrows that follow from others are left out."""
    least = min(box.row for box in boxes)
    widths: dict[int, float] = {}
    for box in boxes:
        column = _column(box.stage)
        widths[column] = max(widths.get(column, 0), len(box.text) * CHARACTER + 2 * PADDING)

    def left(box: Box) -> float:
        return MARGIN + sum(width + GAP_X for column, width in widths.items() if column < _column(box.stage))

    def right(box: Box) -> float:
        return left(box) + widths[_column(box.stage)]

    def top(box: Box) -> float:
        return MARGIN + LEGEND + (box.row - least) * (HEIGHT + GAP_Y)

    parts = [_swatch(MARGIN, "runs", "would run now"), _swatch(MARGIN + 150, "kept", "kept as it is")]
    for box in boxes:
        for other in boxes:
            if other.stage in _parents(box.stage) and _joined(other, box):
                x, y, end_x, end_y = right(other), top(other) + HEIGHT / 2, left(box), top(box) + HEIGHT / 2
                bend = (x + end_x) / 2
                parts.append(f'<path d="M{x:g},{y:g} C{bend:g},{y:g} {bend:g},{end_y:g} {end_x - 3:g},{end_y:g}"/>')
                parts.append(f'<path d="M{end_x - 7:g},{end_y - 4:g} l5,4 l-5,4"/>')
    for box in boxes:
        title = f"{box.text}: {box.why or 'kept'}"
        parts.append(
            f'<g class="{"runs" if box.why else "kept"}"><title>{escape(title)}</title>'
            f'<rect x="{left(box):g}" y="{top(box):g}" width="{right(box) - left(box):g}" height="{HEIGHT}" rx="5"/>'
            f'<text x="{left(box) + PADDING:g}" y="{top(box) + 17:g}">{escape(box.text)}</text></g>'
        )
    width = max(max(map(right, boxes)), MARGIN + 300) + MARGIN
    height = max(map(top, boxes)) + HEIGHT + MARGIN
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}">\n'
        f'<style>{STYLE}</style>\n<rect class="paper" width="100%" height="100%"/>\n' + "\n".join(parts) + "\n</svg>\n"
    )


def _column(stage: str) -> int:
    """How many stages come before, along the longest way."""
    return max((_column(name) + 1 for name in DRAWN[stage].after), default=0)


def _ancestors(stage: str) -> set[str]:
    return {older for name in DRAWN[stage].after for older in {name} | _ancestors(name)}


def _parents(stage: str) -> list[str]:
    after = DRAWN[stage].after
    return [name for name in after if not any(name in _ancestors(other) for other in after)]


def _joined(one: Box, other: Box) -> bool:
    """Whether a job feeds the other: of two jobs of cells only those of the same one."""
    return one.row == other.row or not (DRAWN[one.stage].per_cell and DRAWN[other.stage].per_cell)


def _swatch(x: float, kind: str, text: str) -> str:
    """An entry of the legend: what a box of this kind means."""
    return (
        f'<g class="{kind}"><rect x="{x:g}" y="{MARGIN}" width="22" height="14" rx="3"/>'
        f'<text x="{x + 30:g}" y="{MARGIN + 11}">{text}</text></g>'
    )


def draw(jobs: list[tuple[str, str | None, list[str]]], folder: Path) -> list[Path]:
    """Write both pictures; returns where they are."""
    pictures = {folder / "rules.svg": svg(by_rule(jobs)), folder / "cells.svg": svg(by_cell(jobs))}
    for path, content in pictures.items():
        with replacing(path) as part:
            part.write_text(content, "utf-8")
    return list(pictures)


if __name__ == "__main__":
    print("\n".join(map(str, draw(snakemake.params.jobs, Path(snakemake.params.folder)))))
