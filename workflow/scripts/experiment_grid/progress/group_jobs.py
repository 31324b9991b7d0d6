"""Why a submission failed: Snakemake 9.27's group jobs drop the message that they are given, and the Slurm plugin 2.8.0
asks them for a rule that they do not have when it gives up on one, dies of it, and the run would wait for ever.
"""

from snakemake.jobs import GroupJob
from snakemake.logging import logger

from experiment_grid.progress import lines

_log_error = GroupJob.log_error


def patch_group_jobs() -> None:
    """Have every group job that fails say why; may be called again."""
    GroupJob.log_error = _tell
    GroupJob.rule = property(lambda group: min((job.rule for job in group.jobs), key=lambda rule: rule.name))


def _tell(group: GroupJob, msg: str | None = None, **more) -> None:
    if msg:
        logger.error(lines.reason(msg))
    _log_error(group, msg, **more)
