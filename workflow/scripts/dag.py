"""Draw the DAG as the plan sees it, by rule and by cell: what would run is filled, what is kept is not."""

from dataclasses import dataclass
from html import escape
from pathlib import Path

from frame.files import replacing
from planning.plan import STAGES

MOST_CELLS = 40  # drawn one by one; the rest is counted
WIDTH, HEIGHT, GAP_X, GAP_Y, MARGIN = 170, 26, 34, 8, 16  # of a box and around it, in pixels
STYLE = """\
text { font: 12px sans-serif; fill: #1d2125; }
rect { fill: #ffffff; stroke: #595f66; }
.runs rect { fill: #f6d7b8; stroke: #c4500a; }
path { fill: none; stroke: #595f66; }
.paper { fill: #ffffff; stroke: none; }"""


@dataclass(frozen=True)
class Box:
    """A job, or all jobs of a rule: `why` is empty where it is kept."""

    stage: str
    text: str
    why: str
    row: float = 0


def by_rule(jobs: list[tuple[str, str | None, list[str]]]) -> list[Box]:
    """A box per stage, with its number of jobs; `jobs` are stage, cell and reasons to run."""
    boxes = []
    for stage in STAGES:
        mine = [why for name, _, why in jobs if name == stage]
        runs = sum(map(bool, mine))
        count = f" × {len(mine)}" if STAGES[stage].per_cell else ""
        boxes.append(Box(stage, stage + count, f"{runs} of {len(mine)} would run" if runs else ""))
    return _beside(boxes)


def by_cell(jobs: list[tuple[str, str | None, list[str]]]) -> list[Box]:
    """A box per job, a row per cell; the stages without cells stand in the middle."""
    cells = list(dict.fromkeys(cell for _, cell, _ in jobs if cell))
    rows = {cell: row for row, cell in enumerate(cells[:MOST_CELLS])}
    boxes = [
        Box(stage, f"{stage} {cell}" if cell else stage, "; ".join(why), rows.get(cell, (len(rows) - 1) / 2))
        for stage, cell, why in jobs
        if cell is None or cell in rows
    ]
    if len(cells) > len(rows):
        rest = f"… and {len(cells) - len(rows)} cells more"
        boxes += [Box(stage, rest, "", len(rows)) for stage in STAGES if STAGES[stage].per_cell]
    return _beside(boxes)


def _beside(boxes: list[Box]) -> list[Box]:
    """Stages of one column that have no cells, one below the other."""
    placed = []
    for box in boxes:
        column = [name for name in STAGES if _column(name) == _column(box.stage)]
        shift = column.index(box.stage) - (len(column) - 1) / 2
        placed.append(Box(box.stage, box.text, box.why, box.row + shift))
    return placed


def svg(boxes: list[Box]) -> str:
    """The picture. Arrows that follow from others are left out."""
    least = min(box.row for box in boxes)

    def left(box: Box) -> float:
        return MARGIN + _column(box.stage) * (WIDTH + GAP_X)

    def top(box: Box) -> float:
        return MARGIN + (box.row - least) * (HEIGHT + GAP_Y)

    parts = []
    for box in boxes:
        for other in boxes:
            if other.stage in _parents(box.stage) and _joined(other, box):
                x, y, end_x, end_y = left(other) + WIDTH, top(other) + HEIGHT / 2, left(box), top(box) + HEIGHT / 2
                bend = (x + end_x) / 2
                parts.append(f'<path d="M{x:g},{y:g} C{bend:g},{y:g} {bend:g},{end_y:g} {end_x - 3:g},{end_y:g}"/>')
                parts.append(f'<path d="M{end_x - 7:g},{end_y - 4:g} l5,4 l-5,4"/>')
    for box in boxes:
        parts.append(
            f'<g class="{"runs" if box.why else "kept"}"><title>{escape(box.why or "kept")}</title>'
            f'<rect x="{left(box):g}" y="{top(box):g}" width="{WIDTH}" height="{HEIGHT}" rx="5"/>'
            f'<text x="{left(box) + 8:g}" y="{top(box) + 17:g}">{escape(_short(box.text))}</text></g>'
        )
    width = max(map(left, boxes)) + WIDTH + MARGIN
    height = max(map(top, boxes)) + HEIGHT + MARGIN
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}">\n'
        f'<style>{STYLE}</style>\n<rect class="paper" width="100%" height="100%"/>\n' + "\n".join(parts) + "\n</svg>\n"
    )


def _column(stage: str) -> int:
    """How many stages come before, along the longest way."""
    return max((_column(name) + 1 for name in STAGES[stage].after), default=0)


def _ancestors(stage: str) -> set[str]:
    return {older for name in STAGES[stage].after for older in {name} | _ancestors(name)}


def _parents(stage: str) -> list[str]:
    after = STAGES[stage].after
    return [name for name in after if not any(name in _ancestors(other) for other in after)]


def _joined(one: Box, other: Box) -> bool:
    """Whether a job feeds the other: of two jobs of cells only those of the same one."""
    return one.row == other.row or not (STAGES[one.stage].per_cell and STAGES[other.stage].per_cell)


def _short(text: str, most: int = 24) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def draw(jobs: list[tuple[str, str | None, list[str]]], folder: Path) -> list[Path]:
    """Write both pictures; returns where they are."""
    pictures = {folder / "rules.svg": svg(by_rule(jobs)), folder / "cells.svg": svg(by_cell(jobs))}
    for path, content in pictures.items():
        with replacing(path) as part:
            part.write_text(content, "utf-8")
    return list(pictures)


if __name__ == "__main__":
    print("\n".join(map(str, draw(snakemake.params.jobs, Path(snakemake.params.folder)))))
