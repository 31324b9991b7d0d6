# Before the configuration is read: the package imported, the progress display in place of Snakemake's output, and a
# look at whether config/config.yaml can be read at all.
import sys

# From a function's code object: Snakemake documents no way to get the path of an included file.
HERE = Path((lambda: None).__code__.co_filename).parent
SCRIPTS = HERE.parent / "scripts"

# On the path no longer than that: another workflow, which uses this one as a module, may have a report.py of its own.
sys.path.insert(0, str(SCRIPTS))
import experiment_grid

sys.path.remove(str(SCRIPTS))

from experiment_grid.config.yaml_check import check
from experiment_grid.progress import handler
from experiment_grid.runtime import engine
from experiment_grid.runtime.errors import UserError
from experiment_grid.runtime.package import check_paths, check_place

CONFIG = Path("config/config.yaml")

try:
    check_place(SCRIPTS)
    check_paths(HERE.parents[1], Path(sys.executable))
    PROGRESS = handler.attach(workflow, HERE.parents[1] / "Snakefile")
    if CONFIG.exists() and not engine.has_given_config(workflow):
        check(CONFIG)
except UserError as error:
    sys.exit(str(error))
