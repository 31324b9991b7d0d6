"""Snakemake with short pauses between the Slurm plugin's status checks: the tests' cluster has no other user.

Run as `python impatient.py <snakemake's arguments>`. The plugin itself waits 10 s more each time, up to 180 s.
"""

import sys

from snakemake.cli import main
from snakemake_interface_executor_plugins.executors.remote import RemoteExecutor

SECONDS = 1
pause = RemoteExecutor.next_seconds_between_status_checks
RemoteExecutor.next_seconds_between_status_checks = property(
    lambda executor: min(SECONDS, pause.fget(executor)), pause.fset
)

if __name__ == "__main__":
    sys.exit(main())
