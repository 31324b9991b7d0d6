"""Check config files before Snakemake reads them: `make` does so with CONFIG."""

import sys
from pathlib import Path

from experiment_grid.config.yaml_check import check
from experiment_grid.runtime.errors import UserError

if __name__ == "__main__":
    try:
        for file in sys.argv[1:]:
            check(Path(file))
    except UserError as error:
        sys.exit(str(error))
