"""Copy an earlier training to where an interrupted one keeps its epochs, so that the trainer resumes from it."""

from dataclasses import replace

from safetensors import safe_open

from experiment_grid.runtime.kept_trainings import CHECKPOINTS, HISTORY, Trained
from experiment_grid.training import history, saved_weights
from experiment_grid.training.resumable_epochs import Epoch, EpochStore


def copy_epochs(trained: Trained, seed: int, epochs: int, kept: EpochStore) -> int:
    """Write the first `epochs` epochs of a seed of `trained` into `kept`; how many there are.

    The time of validation is the mean of all epochs of that job: histories have the time of training alone.
    """
    every = history.read(trained.folder / HISTORY)
    rows = [row for row in every if row.seed == seed]
    validate = trained.record["seconds"].get("validate", 0.0) / len(every)
    state = trained.state(seed)
    last = EpochStore(trained.folder, None).read(seed, rows[-1].epoch) if state and len(rows) <= epochs else None
    with safe_open(trained.folder / CHECKPOINTS, "pt") as file:
        for row in rows[:epochs]:
            spent = {"train": row.seconds, "validate": validate}
            if last and row.epoch == last.number:
                epoch = replace(last, row=row, seconds=spent)
            else:
                model, loss = (
                    saved_weights.saved(file, seed, row.epoch, of) for of in (saved_weights.MODEL, saved_weights.LOSS)
                )
                epoch = Epoch(seed, row.epoch, row, spent, model, loss, None)
            kept.write(epoch)
    return len(rows[:epochs])
