"""The curves of a run as TensorBoard's events: a folder per cell and seed."""

import json
from pathlib import Path

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.plugins.text.summary_v2 import text_pb
from tensorboard.summary.writer.event_file_writer import EventFileWriter

from experiment_grid.api.run import Run
from experiment_grid.export.curves import began, parameters, points


def export(run: Run, to: str | None = None) -> str:
    """Write the events of every cell in the place of earlier ones."""
    folder = Path(to) if to else run.folder / "tensorboard"
    for cell in map(run.cell, run.cells):
        described = json.dumps(parameters(cell), indent=2)
        for seed in cell.seeds:
            place = folder / cell.name / f"seed-{seed}"
            for earlier in place.glob("events.out.tfevents.*"):
                earlier.unlink()
            writer = EventFileWriter(str(place))
            writer.add_event(Event(wall_time=began(cell), summary=text_pb("parameters", f"```\n{described}\n```")))
            for point in points(cell, seed):
                summary = Summary(value=[Summary.Value(tag=point.name, simple_value=point.value)])
                writer.add_event(Event(wall_time=point.time, step=point.epoch, summary=summary))
            writer.close()
    return f"{len(run.cells)} cells are in {folder}: tensorboard --logdir {folder}"
