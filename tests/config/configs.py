"""Configs for the tests, merged from files as Snakemake does it, and the lines with which they are refused."""

from pathlib import Path

import pytest
from snakemake.common.configfile import load_configfile
from snakemake.utils import update_config

from experiment_grid.config.command_line import typed
from experiment_grid.config.parameter_keys import NAMES
from experiment_grid.config.settings import Settings, load
from experiment_grid.runtime.errors import UserError

# What messages say is allowed.
PARAMETERS = ", ".join(NAMES)
CELL_KEYS = f"name, note, {PARAMETERS}, grid, sample, exclude, step"
CELL_NAME = "letters, digits, '.', '_' and '-', starting with a letter or digit, at most 100 characters"

# Complete and short; the line numbers of its keys matter to no test, those of the overlays do.
BASE = """\
dataset: mnist
baseline: a
final: b
defaults:
  hidden: [128, 64]
  activation: relu
  loss: nll
  optimizer: sgd
  learning_rate: 0.001
  momentum: 0.9
  weight_decay: 0
  batch_size: 64
  epochs: 10
  normalize: true
  train_fraction: 0.8
  seeds: [1, 2, 3]
  device: auto
cells:
  - name: a
  - name: b
    learning_rate: 0.005
"""


def load_overlay(folder: Path, overlay: str, *more: str, command_line: dict | None = None) -> Settings:
    """Settings of BASE in `base.yaml` under overlays in `overlay.yaml`, `overlay2.yaml`, …, and `--config`."""
    base = folder / "base.yaml"
    base.write_text(BASE, "utf-8")
    files = []
    config = load_configfile(base)
    for number, text in enumerate((overlay, *more), start=1):
        file = folder / f"overlay{number if number > 1 else ''}.yaml"
        file.write_text(text, "utf-8")
        files.append(file)
        if text.strip():
            update_config(config, load_configfile(file))
    update_config(config, command_line or {})
    return load(typed(config, command_line or {}), [*files, base])


def error_of(*arguments, **options) -> str:
    """The message with which `load_overlay` refuses the config."""
    with pytest.raises(UserError) as raised:
        load_overlay(*arguments, **options)
    return str(raised.value)


def cells_of(folder: Path, *items: str, more: str = "", **options) -> dict:
    """The cells of an overlay that lists `items`, the first of them called x, and begins with `more`."""
    listed = "".join(f"  - {{{item}}}\n" for item in items)
    return load_overlay(folder, f"{more}baseline: x\nfinal: x\ncells:\n{listed}", **options).cells
