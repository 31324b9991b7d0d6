"""The process in which `snakemake_forks` runs Snakemake's command line: imported once, forked for every call."""

import contextlib
import json
import logging
import os
import sys

import smart_open  # noqa: F401  which Snakemake imports when it reads a Snakefile
import snakemake.report.html_reporter  # noqa: F401  the same when it reads its plugins
from snakemake.cli import main


def run(folder: str, arguments: list[str], environment: dict[str, str], said: list[str]) -> None:
    """Run Snakemake in `folder` in this process; both streams go to the files `said`."""
    for number, path in enumerate(said, start=1):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.chdir(folder)
    os.environ.clear()
    os.environ |= environment
    sys.path[0] = folder
    sys.argv[1:] = arguments
    main(arguments)


def serve() -> None:
    """Read an order per line, in JSON; answer with the id of the process and its exit status; until the input ends."""
    for line in sys.stdin:
        process = os.fork()
        if not process:
            status: object = 1
            with contextlib.suppress(Exception):
                try:
                    run(**json.loads(line))
                except SystemExit as end:
                    status = end.code
            if isinstance(status, str):
                print(status, file=sys.stderr)
            logging.shutdown()
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status if isinstance(status, int) else status is not None)
        print(process, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), flush=True)


if __name__ == "__main__":
    serve()
