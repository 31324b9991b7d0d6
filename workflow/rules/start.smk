# Before the configuration is read: the scripts' folder on the path, the run's progress in the place of Snakemake's own
# words, and a look at whether config/config.yaml can be read at all.
import sys

HERE = Path(workflow.current_basedir.get_path_or_uri(secret_free=True))
sys.path.insert(0, str(HERE.parent / "scripts"))

from experiment_grid.config.readable import check
from experiment_grid.progress import handler
from experiment_grid.runtime.errors import UserError

CONFIG = Path("config/config.yaml")

try:
    PROGRESS = handler.attach(workflow, HERE.parents[1] / "Snakefile")
    if CONFIG.exists() and not workflow.modifier.skip_configfile:  # not where this is a module with a config of its own
        check(CONFIG)
except UserError as error:
    sys.exit(str(error))
