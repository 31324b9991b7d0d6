"""Every figure, drawn once as part of the page (report) and once as a file for a paper (figures)."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import Markup
from matplotlib.figure import Figure

from experiment_grid.config.labels import title
from experiment_grid.report.figures import (
    audit,
    confusion,
    curves,
    effects,
    normalization,
    reliability,
    settings,
    style,
    time,
)
from experiment_grid.report.figures.inline import inline
from experiment_grid.report.results import Results, varying
from experiment_grid.sampled_ranges import range_of

WHICH = [(data, measure) for measure in ("loss", "accuracy") for data in ("train", "validation", "test")]
FEWEST_ROWS = 40  # pairs in the figure of effects; the table has all
LEGEND = 32
MOST_JOINED = 100  # pairs of cells that a panel of a factor joins
FEWEST_LINES = 6  # cells for which settings side by side say more than the table
MOST_AXES = 9
LABELLED = 24  # cells that all get their name at the end of their line in the large chart


@dataclass(frozen=True)
class Drawing:
    """A figure as the page holds it; `file` is the name that it is saved under, `narrow` the same on a phone."""

    svg: Markup
    title: str
    caption: str
    file: str
    kind: str = ""
    narrow: Markup | None = None


class Drawings:
    """Draws figures from results. Call its methods inside `style.styled()`."""

    def __init__(self, results: Results):
        self.results = results
        self.looks = style.looks(len(results.names), results.baseline)
        self.named = self._named()

    def _named(self) -> list[str]:
        """The cells whose names are in figures: baseline, final, and the best and the worst that did not diverge."""
        ranked = sorted(
            (
                row
                for row in self.results.comparison
                if row["status"] == "ok" and row["validation_accuracy"] is not None
            ),
            key=lambda row: row["validation_accuracy"],
        )
        chosen = [self.results.settings["baseline"], self.results.settings["final"]]
        chosen += [row["cell"] for row in (ranked[-1:] + ranked[:1])]
        return [name for name in dict.fromkeys(chosen) if name in self.results.index]

    def _drawing(
        self, made: Figure, name: str, title: str, caption: str, kind: str = "", narrow: Figure | None = None
    ) -> Drawing:
        slim = inline(style.svg(narrow), f"{name}-narrow", title) if narrow else None
        return Drawing(inline(style.svg(made), name, title), title, caption, f"{name}.svg", kind, slim)

    def curves(self, axis: str, which: list[tuple[str, str]] = WHICH) -> list[Drawing]:
        """A drawing per panel, so that they flow on a narrow screen."""
        panels = []
        for data, measure in which:
            made = self._curves(axis, [(data, measure)])
            title = f"{curves.SETS[data]} {measure} over {axis}"
            panels.append(self._drawing(made, f"{data}-{measure}-{axis}", title, "", "panel"))
        return panels

    def focus(self) -> Drawing:
        """The measure that the large chart begins with, as scripts find it: redrawn by them, and as it is without."""
        data = self.first_measure()
        named = self.results.names if len(self.results.names) <= LABELLED else None
        made = self._curves("epochs", [(data, "accuracy")], named, size=(9.2, 4.4), right=2.0)
        return self._drawing(made, "focus", f"{curves.SETS[data]} accuracy over epochs, all cells", "")

    def first_measure(self) -> str:
        """test, or validation where no test figures of all epochs were kept."""
        kept = any(np.isfinite(held.mean["test_accuracy"]).any() for held in self.results.epochs.values())
        return "test" if kept else "validation"

    def small_curves(self) -> Drawing | None:
        """The final cell's accuracies over the epochs, small."""
        final = self.results.settings["final"]
        if final not in self.results.epochs:
            return None
        made = curves.draw_one(self.results.epochs[final])
        return self._drawing(made, "small-curves", f"Training, validation and test accuracy of {final}", "")

    def _curves(self, axis: str, which: list[Any], named: list[str] | None = None, **paper: Any) -> Figure:
        results = self.results
        named = named or self.named
        return curves.draw(results.epochs, which, axis, results.index, self.looks, named, results.many, **paper)

    def normalization(self, without: str, with_: str) -> list[Drawing]:
        """A drawing per panel, so that they flow on a narrow screen."""
        results = self.results
        panels = normalization.draw_panels(results.epochs, without, with_, results.index, self.looks)
        return [
            self._drawing(made, f"normalization-{place}", f"{title}, with and without normalization", "", "panel")
            for place, (title, made) in enumerate(panels.items())
        ]

    def effects(self) -> Drawing | None:
        made = self._effects()
        caption = (
            "Every cell that differs from the baseline in one factor, with intervals; the time of all steps has one "
            "where a conclusion asks for it. Filled and blue: the difference of accuracy is "
            "significant. Arrows: beyond the axis."
        )
        title = "Effects beside the baseline"
        return self._drawing(made, "effects", title, caption, "judged", self._effects(narrow=True)) if made else None

    def _effects(self, narrow: bool = False) -> Figure | None:
        rows = [row for row in self.results.effects if row["is_baseline"] and row["difference"] is not None]
        return effects.draw(rows[:FEWEST_ROWS], self.results.index, narrow) if rows else None

    def factors(self) -> list[Drawing]:
        """Test accuracy over each setting that varies, a panel each."""
        rows = self.results.comparison
        if not settings.known(rows):
            return []
        made = []
        for key in varying(rows):
            pairs = [row for row in self.results.effects if _parameter(row["factor"]) == key][:MOST_JOINED]
            heading = title(key)[:1].upper() + title(key)[1:]
            panel = settings.draw_factor(rows, key, heading, pairs, self.results.index, self.looks, self._drawn(key))
            made.append(self._drawing(panel, f"factor-{key}", f"Test accuracy by {title(key)}", "", "panel"))
        return made

    def parallel(self) -> Drawing | None:
        """All settings of all cells side by side."""
        made = self._parallel()
        caption = "Each line is a cell: it runs through the cell’s values to its test accuracy."
        title = "Settings and test accuracy of all cells"
        narrow = self._parallel(narrow=True)
        return self._drawing(made, "parallel", title, caption, "wide", narrow) if made else None

    def _parallel(self, narrow: bool = False) -> Figure | None:
        rows = self.results.comparison
        keys = [key for key in varying(rows) if key != "device"]
        if len(keys) < 2 or len(settings.known(rows)) < FEWEST_LINES:
            return None
        keys = keys[:MOST_AXES]
        drawn = {key: self._drawn(key) for key in keys}
        return settings.draw_parallel(rows, keys, title, self.looks, self.results.many, drawn, narrow)

    def _drawn(self, key: str) -> settings.Range | None:
        return range_of(key, self.results.settings.get("searches", []))

    def reliability(self) -> Drawing | None:
        found = self.results.findings["calibration"]
        caption = (
            "Each dot: answers of about the same confidence, of all seeds. On the dashed line confidence is accuracy."
        )
        return found and self._drawing(
            reliability.draw(found["bins"]), "reliability", "Reliability curve of the final cell", caption, "small"
        )

    def time(self) -> Drawing:
        return self._drawing(
            self._time(),
            "time",
            "Test accuracy and training time",
            "Each mark is a cell; the line is the interval of its accuracy over the seeds.",
            narrow=self._time(self.named, paper=((3.8, 3.2), 1.0)),
        )

    def _time(self, named: list[str] | None = None, **paper: Any) -> Figure:
        rows = self.results.comparison
        named = named or (self.results.names if len(rows) <= LEGEND else self.named)
        return time.draw(rows, self.looks, named, self.results.many, **paper)

    def agreement(self) -> Drawing | None:
        made = self._agreement()
        caption = (
            "Test accuracy alone; the verdicts on rows count training loss and training accuracy too. Diamonds: the "
            "original’s. Lines: where one new run of ours falls. Thin grey: the cell that fits it best."
        )
        title = "The original’s test accuracies and ours"
        return self._drawing(made, "agreement", title, caption, "compact judged") if made else None

    def _agreement(self) -> Figure | None:
        rows = [row for row in self.results.reference if row["figure"] == "test_accuracy"]
        return audit.draw(rows, {row["row"]: row["title"] for row in self.results.original}, self.results.index)

    def paper(self) -> dict[str, Figure | None]:
        """File name without suffix → figure for a paper (one where the page has panels), None where
        results have none."""
        results, final = self.results, self.results.settings["final"]
        legend = len(self.looks) <= LEGEND
        made: dict[str, Figure | None] = {
            f"curves-{axis}": self._curves(axis, WHICH, size=(3.4, 2.4), columns=3, legend=legend)
            for axis in curves.AXES
        }
        made |= {"time": self._time(), "effects": self._effects(), "agreement": self._agreement()}
        made |= {"normalization": None, "confusion": None}
        if pair := results.normalization_pair:
            made["normalization"] = normalization.draw(
                results.epochs, pair["from"], pair["to"], results.index, self.looks
            )
        if final in results.confusion:
            cell = results.cells[results.index[final]]
            made["confusion"] = confusion.draw(results.confusion[final][cell["chosen_epoch"] - 1], cell["classes"])
        return made


def _parameter(factor: str) -> str:
    """The parameter that a factor is a difference in: that of depth and width is the hidden layers."""
    return "hidden" if factor in ("depth", "width") else factor


def write_figures(drawings: Drawings, files: list[Path]) -> None:
    """Write the figures for a paper, each under its name; one that these results do not have says so."""
    made = drawings.paper()
    for file in files:
        style.write(made[file.stem] or style.empty("These results have no such figure."), file)
