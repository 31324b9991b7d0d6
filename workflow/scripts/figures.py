"""figures: every figure as a file for a paper, from what compare wrote. It computes no result."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiment_grid.report.drawings import Drawings, write_figures
from experiment_grid.report.figures import style
from experiment_grid.report.results import read
from experiment_grid.runtime.records import now, write_record

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def draw(results: Path, plan: dict[str, Any], files: list[Path]) -> None:
    """Read the results folder and write `files`, each the figure of its name."""
    with style.styled():
        write_figures(Drawings(read(results, plan)), files)


if __name__ == "__main__":
    from experiment_grid.runtime.stage import stage

    with stage(snakemake) as plan:
        started = now()
        record = Path(snakemake.output.record)
        files = [Path(file) for file in (*snakemake.output.svg, *snakemake.output.pdf)]
        draw(record.parents[1], plan, files)
        write_record(
            record,
            snakemake.input.plan,
            files,
            inputs=[file for file in snakemake.input if file != snakemake.input.plan],
            started=started,
            packages=("matplotlib", "pandas"),
        )
