"""report: the page, from what compare and errors wrote. It computes no result."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiment_grid.format import megabytes
from experiment_grid.report.drawings import Drawings
from experiment_grid.report.figures import style
from experiment_grid.report.render import render
from experiment_grid.report.results import read
from experiment_grid.runtime.files import replacing
from experiment_grid.runtime.records import now, write_record

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def report(results: Path, plan: dict[str, Any], page: Path) -> None:
    """Read the results folder and write the page."""
    with style.styled():
        held = read(results, plan)
        text = render(held, Drawings(held))
    with replacing(page) as part:
        part.write_text(text, "utf-8")
    print(f"{page}: {megabytes(page.stat().st_size)}", flush=True)


if __name__ == "__main__":
    from experiment_grid.runtime.stage import stage

    with stage(snakemake) as plan:
        started = now()
        page = Path(snakemake.output.page)
        report(page.parent, plan, page)
        write_record(
            snakemake.output.record,
            snakemake.input.plan,
            [page],
            inputs=[file for file in snakemake.input if file != snakemake.input.plan],
            started=started,
            packages=("matplotlib", "jinja2", "pandas"),
        )
