# Before the configuration is read: the scripts' folder on the path, the run's progress in the place of Snakemake's own
# words, and a look at whether config/config.yaml can be read at all.
import sys

HERE = Path(workflow.current_basedir.get_path_or_uri(secret_free=True))
sys.path.insert(0, str(HERE.parent / "scripts"))

from configuration.readable import check
from frame.errors import UserError
from terminal import progress

CONFIG = Path("config/config.yaml")

# Under a limit of starts in a time, Snakemake 9.27 looks for jobs once more after each look, so that looks multiply: with
# 100 cells done, a hundred a second. No grid needs the default limit of 100 a second; one that somebody sets stays.
LIMIT = workflow.scheduling_settings and workflow.scheduling_settings.max_jobs_per_timespan
if LIMIT and (LIMIT.max_jobs, LIMIT.timespan) == (100, 1):
    workflow.scheduling_settings.max_jobs_per_timespan = None

try:
    PROGRESS = progress.attach(workflow, HERE.parents[1] / "Snakefile")
    if CONFIG.exists() and not workflow.modifier.skip_configfile:  # not where this is a module with a config of its own
        check(CONFIG)
except UserError as error:
    sys.exit(str(error))
