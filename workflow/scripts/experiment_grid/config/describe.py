"""config/README.md from the schemas: `PYTHONPATH=workflow/scripts python -m experiment_grid.config.describe`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from experiment_grid.config.checks import REQUIRED, SCHEMA
from experiment_grid.config.parameters import NAMES
from experiment_grid.config.schema import allowed, read, resolve

CONFIG = Path(__file__).parents[4] / "config"
HEAD = """\
# Configuration

<!-- Made from workflow/scripts/experiment_grid/config/schemas/config.schema.json:
PYTHONPATH=workflow/scripts python -m experiment_grid.config.describe -->

| file | what |
|---|---|
| [config.yaml](config.yaml) | the experiments; read by every run |
| [demo.yaml](demo.yaml) | an overlay: `snakemake --configfile config/demo.yaml`, or `make demo` |
| [original-report.yaml](original-report.yaml) | the report that is audited; no configuration, `reference` names it |

An overlay needs only the keys that it changes: objects (`defaults`, `mirrors`) are merged key by key, lists
(`cells`, `seeds`, `hidden`) are replaced whole. Everything is checked before a job starts; what is wrong is told in one
line each, with file, line, key, the value given and what is allowed. Numbers need a point before an exponent: YAML
reads `1e-3` as text and `1.0e-3` as a number.

Editors that know YAML's language server (VS Code's YAML extension and others) complete and explain the keys: the first
line of each file names the schema.
"""
GRID = """\

With `grid` an item of the list stands for every combination of its values:

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


def describe() -> str:
    """The text of config/README.md."""
    root = read(SCHEMA)
    values = yaml.safe_load((CONFIG / "config.yaml").read_text("utf-8"))
    top = [(key, part) for key, part in root["properties"].items()]
    own = root["definitions"]["cell"]["properties"]
    parameters = [(key, own[key]) for key in NAMES]
    cell = [(key, own[key]) for key in own if key not in NAMES]
    lines = [
        HEAD,
        "## Keys\n",
        *_table(top, root, "where it is missing", {key: _default(key, part) for key, part in top}),
        "\n## Parameters of a cell\n",
        "`defaults` tells them for every cell, a cell only those in which it differs.\n",
        *_table(parameters, root, "in config.yaml", {key: _code(values["defaults"][key]) for key in NAMES}),
        "\n## Cells\n",
        "An item of `cells` has parameters, and:\n",
        *_table(cell, root, None, {}),
        GRID,
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
        return "an error"
    return _code(part["default"])


def _code(value: Any) -> str:
    text = yaml.safe_dump(value, default_flow_style=True).removesuffix("...\n").strip()
    return f"`{text}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    (CONFIG / "README.md").write_text(describe(), "utf-8")
