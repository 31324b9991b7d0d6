"""How long a step takes, of every cell on every device: measured alone on the machine, after all training."""

import os
from contextlib import ExitStack
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from experiment_grid.runtime.torch_import import quick_imports

with quick_imports():
    import torch

from experiment_grid.data.prepared import channels, classes, training_images
from experiment_grid.runtime.files import write_csv
from experiment_grid.runtime.records import age, now, write_record
from experiment_grid.timing import table
from experiment_grid.timing.measured_steps import TimedImages, ways
from experiment_grid.timing.rounds import measure
from experiment_grid.training.devices import describe, device_for
from experiment_grid.training.images import scaling

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

SECONDS = 25  # of measuring: with the start of Python and PyTorch the stage takes 30


def timing(
    settings: dict[str, Any], names: list[str], prepared: Path, outputs: dict[str, Path], plan: Path, *, gpus: int = 0
) -> None:
    """Measure the cells `names` of `settings` on the training images of the file `prepared`.

    Writes timing.csv, the visits that it comes from, and the record. `gpus` is how many GPUs the job was given.
    """
    begun, end = now(), perf_counter() + SECONDS
    torch.set_flush_denormal(True)  # as in training
    cells = {cell["name"]: dict(cell["parameters"]) for cell in settings["cells"] if cell["name"] in set(names)}
    for parameters in cells.values():
        parameters["normalize"] = scaling(parameters["normalize"], channels(prepared))
    images, labels = map(torch.from_numpy, training_images(prepared))
    with ExitStack() as devices:
        wanted = ["cpu", "cuda"] if gpus and torch.cuda.is_available() else ["cpu"]
        wanted += ["mps"] if any(parameters["device"] == "mps" for parameters in cells.values()) else []
        found = [devices.enter_context(device_for(device, gpus)) for device in wanted]
        data = [TimedImages(images.to(device), labels.to(device), len(classes(prepared))) for device in found]
        measured_ways = ways(cells, settings["baseline"], settings["dataset"], data)
        measured = measure(measured_ways, end)
        on = [describe(device, torch.get_num_threads()) for device in found]
    for name, columns, rows in (
        ("timing", table.COLUMNS, table.rows(measured_ways, measured.visits, list(cells))),
        ("rounds", table.VISITS, table.visit_rows(measured_ways, measured.visits)),
    ):
        write_csv(outputs[name], columns, ([row[column] for column in columns] for row in rows))
    print(f"{len(measured_ways)} measurements, {len(measured.visits)} visits, {age():.1f} s")
    write_record(
        outputs["record"],
        plan,
        [outputs["timing"], outputs["rounds"]],
        inputs=[prepared],
        started=begun,
        packages=("torch", "torchvision", "numpy"),
        devices=on,
        recorded=measured.recorded,
        seconds=age(),
    )


if __name__ == "__main__":
    from experiment_grid.runtime.stage import stage

    with stage(snakemake) as plan:
        timing(
            plan["recipe"]["settings"],
            list(snakemake.params.cells),
            Path(snakemake.input.prepared),
            {name: Path(file) for name, file in snakemake.output.items()},
            Path(snakemake.input.plan),
            gpus=snakemake.resources.get("gpu", 0),
        )
    os._exit(0)  # all files are written; skips PyTorch's shutdown, which takes 0.17 s
