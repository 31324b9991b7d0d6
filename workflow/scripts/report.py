"""report: the page and its figures, from what compare and errors wrote. It computes no result."""

from pathlib import Path
from typing import Any

from frame.files import replacing
from frame.records import now, write_record
from page.drawings import Drawings, write_figures
from page.figures import style
from page.parts.curves import normalization_pair
from page.render import render
from page.results import read


def report(results: Path, plan: dict[str, Any], page: Path, figures: list[Path]) -> None:
    """Read the results folder, write the page and the figures for a paper."""
    with style.styled():
        held = read(results, plan)
        drawings = Drawings(held)
        text = render(held, drawings)
        with replacing(page) as part:
            part.write_text(text, "utf-8")
        print(f"{page}: {page.stat().st_size / 1e6:.2f} MB", flush=True)
        write_figures(drawings, normalization_pair(held), figures)


if __name__ == "__main__":
    from frame.stage import stage

    with stage(snakemake) as plan:
        started = now()
        page = Path(snakemake.output.page)
        figures = [Path(file) for file in (*snakemake.output.svg, *snakemake.output.pdf)]
        report(page.parent, plan, page, figures)
        write_record(
            snakemake.output.record,
            snakemake.input.plan,
            [page, *figures],
            inputs=[file for file in snakemake.input if file != snakemake.input.plan],
            started=started,
            packages=("matplotlib", "jinja2", "pandas"),
        )
