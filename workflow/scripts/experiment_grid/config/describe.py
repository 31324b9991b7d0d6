"""Generate config/README.md and the JSON Schemas for editors from the typed models.

`PYTHONPATH=workflow/scripts python -m experiment_grid.config.describe` writes them.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from experiment_grid.config.fitted_settings import Fit
from experiment_grid.config.keys import REQUIRED, Config
from experiment_grid.config.messages import allowed, resolve
from experiment_grid.config.parameter_keys import NAMES
from experiment_grid.config.reference import Report
from experiment_grid.config.validation import schema_of

SCHEMAS = {"config.schema.json": Config, "original-report.schema.json": Report, "fit.schema.json": Fit}
FOLDER = Path(__file__).parent / "schemas"
CONFIG = Path(__file__).parents[4] / "config"
HEAD = """\
# Configuration

<!-- Made from workflow/scripts/experiment_grid/config/keys.py and others beside it:
PYTHONPATH=workflow/scripts python -m experiment_grid.config.describe -->

| file | what |
|---|---|
| [config.yaml](config.yaml) | the experiments; read by every run |
| [demo.yaml](demo.yaml) | an overlay: `snakemake --configfile config/demo.yaml`, or `make demo` |
| [original-report.yaml](original-report.yaml) | the report that is audited; no configuration, `reference` names it |
| [fit.yaml](fit.yaml), [fit.csv](fit.csv) | what was tried to fit its rows; no configuration either |

An overlay needs only the keys that it changes: objects (`defaults`, `mirrors`) are merged key by key; lists
(`cells`, `seeds`, `hidden`) and components that name a `_target_` are replaced whole. Everything is checked before a
job starts; what is wrong is reported in one line each, with file, line, key, the value given and what is allowed.
Numbers need a point before an exponent: YAML reads `1e-3` as text and `1.0e-3` as a number.

Editors that know YAML's language server (VS Code's YAML extension and others) complete and explain the keys: the first
line of each file names the schema.
"""
GRID = """\

With `grid` an item of the list makes a cell of every combination of its values:

```yaml
cells:
  - name: wide
    hidden: [1024]
    grid: {learning_rate: [0.001, 0.005], batch_size: [32, 64]}
```

gives the four cells `wide-lr-0.001_batch-32`, `wide-lr-0.001_batch-64`, `wide-lr-0.005_batch-32` and
`wide-lr-0.005_batch-64`. Without `name` they are called `lr-0.001_batch-32` and so on. Names must be unique, and so
must be the parameters: two cells never train the same thing.
"""
SAMPLE = """\
With `sample` it makes `number` cells with drawn values ([searches](../docs/search.md)):

```yaml
cells:
  - name: search
    sample:
      number: 50
      seed: 1                                         # the default
      learning_rate: {log_uniform: [1.0e-4, 1.0e-1]}  # as many from 0.0001 to 0.001 as from 0.01 to 0.1
      dropout: {uniform: [0, 0.5]}
      epochs: {int_uniform: [3, 10]}                  # log_int_uniform: more of the small ones
      model.hidden: {choice: [[64], [128, 64]]}
    exclude:                                          # of a grid too
      - {learning_rate: {below: 0.001}, epochs: {below: 5}}
```

gives `search-001` to `search-050`, or later ones where some are excluded. A larger `number` keeps the cells that there
are, and their names; another seed, an axis more or other ends draw others. The points are Sobol's, which leave smaller
gaps than independent ones.
"""


COMPONENTS = """\

## Components

`model`, `loss`, `optimizer` and `schedule` are components: a short name, or a target, which is a class or function by
its full name or in a file of yours, with its options beside it:

```yaml
cells:
  - name: lenet
    model: {_target_: models/lenet.py:LeNet, channels: [6, 16]}     # a file in this project : a class in it
  - name: smooth
    loss: {_target_: torch.nn.CrossEntropyLoss, label_smoothing: 0.1}
  - name: rmsprop
    optimizer: torch.optim.RMSprop                                  # a string alone: no options
  - name: nesterov
    optimizer: {nesterov: true}                                     # options of the one in `defaults`
  - name: annealed
    schedule: {_target_: cosine, warmup: 1}                         # the rate rises for an epoch, then falls
  - name: shifted
    augment: [{_target_: RandomAffine, degrees: 0, translate: [0.1, 0.1]}]   # of torchvision.transforms.v2
  - grid: {model.channels: [[6, 16], [12, 32]], optimizer.momentum: [0.5, 0.9]}
    model: models/lenet.py:LeNet
```

* A short name and its full target are the same component. Options that are left out take the default of the signature.
* What is wrong with an option is said before any job: its type and its limits, as the signature annotates them
  (`Annotated[float, Interval(ge=0, lt=1)]`, `Literal["a", "b"]`), and what the constructor raises for a value.
* A component with a `_target_` (or a string) replaces the inherited one whole, also where `defaults` of one file
  overlay those of another; a mapping without one changes options of the inherited one (`{}` none of them), and so does
  `model.channels: [6, 16]` in a cell.
* `hidden`, `activation`, `dropout`, `batch_norm` and `momentum`, `weight_decay` are options of model and optimizer with
  keys of their own. Those of `defaults` go to the components that have such an option; for others they mean nothing.
* A schedule is stepped after every epoch, with `interval: step` after every batch, as one_cycle is anyway. `T_max`,
  `total_steps` and `max_lr` are filled in where they are left out. In the first `warmup` epochs, 1.5 for example, the
  rate rises linearly; the schedule starts after them.
* `augment` is a list of components, replaced whole; of torchvision.transforms.v2 the name alone will do. As a column,
  an axis or a factor the whole list is one value.
* A target is in a file of this project (its helpers are imported from its own folder), in torch or in torchvision; any
  other package must be listed under `packages`. Nothing of it is imported before a job needs it, but then it is run:
  **a configuration can name code**, so read a stranger's before you run it.
"""


def describe() -> str:
    """The text of config/README.md."""
    root = schema_of(Config)
    values = yaml.safe_load((CONFIG / "config.yaml").read_text("utf-8"))
    top = [(key, part) for key, part in root["properties"].items()]
    own = root["$defs"]["CellKeys"]["properties"]
    parameters = [(key, own[key]) for key in NAMES]
    cell = [(key, own[key]) for key in own if key not in NAMES]
    lines = [
        HEAD,
        "## Keys\n",
        *_table(top, root, "default", {key: _default(key, part) for key, part in top}),
        "\n## Parameters of a cell\n",
        "`defaults` gives them for every cell, a cell only those in which it differs.\n",
        *_table(parameters, root, "in config.yaml", {key: _code(values["defaults"][key]) for key in NAMES}),
        COMPONENTS,
        "\n## Cells\n",
        "An item of `cells` has parameters, and:\n",
        *_table(cell, root, None, {}),
        GRID,
        SAMPLE,
    ]
    return "\n".join(lines)


def _table(
    keys: list[tuple[str, dict[str, Any]]], root: dict[str, Any], last: str | None, values: dict[str, str]
) -> Iterator[str]:
    """A Markdown table: key, what it means, what is allowed, and a last column of `values`."""
    heads = ["key", "means", "allowed", *([last] if last else [])]
    yield f"| {' | '.join(heads)} |"
    yield "|---" * len(heads) + "|"
    for key, part in keys:
        part = resolve(part, root)
        described = [f"`{key}`", _cell(part["description"]), _cell(allowed(part, root))]
        yield f"| {' | '.join(described + ([values[key]] if last else []))} |"


def _default(key: str, part: dict[str, Any]) -> str:
    if key in REQUIRED:
        return "required"
    return _code(part["default"])


def _code(value: Any) -> str:
    text = yaml.safe_dump(value, default_flow_style=True).removesuffix("...\n").strip()
    return f"`{text}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def schema(name: str) -> str:
    """The text of a JSON Schema."""
    return (
        json.dumps({"$schema": "http://json-schema.org/draft-07/schema#", **schema_of(SCHEMAS[name])}, indent=2) + "\n"
    )


if __name__ == "__main__":
    (CONFIG / "README.md").write_text(describe(), "utf-8")
    for name in SCHEMAS:
        (FOLDER / name).write_text(schema(name), "utf-8")
