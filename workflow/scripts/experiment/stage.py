"""The frame of every stage's script: its plan, its log, and how it fails.

Used by the last block of each `workflow/scripts/<stage>.py`.
"""

import json
import os
import sys
import traceback
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from experiment.errors import UserError


def read_plan(path: Path | str) -> dict[str, Any]:
    """What a job runs from and why: `{"stage", "cell", "recipe", "why", …}`."""
    return json.loads(Path(path).read_text("utf-8"))


@contextmanager
def stage(snakemake):
    """Yield the job's plan; everything printed goes to the rule's log, line by line.

    A mistake of the user's (`UserError`) ends the job with its one line, a full disk and its like with theirs;
    anything else is a bug and shows its traceback. Whoever started the job shows the end of a failed job's log.
    """
    log = Path(snakemake.log[0])
    log.parent.mkdir(parents=True, exist_ok=True)
    terminal = sys.stderr
    with log.open("w", buffering=1, encoding="utf-8") as file:
        sys.stdout = sys.stderr = file
        try:
            yield read_plan(snakemake.input.plan)
        except UserError as error:
            _fail(str(error))
        except OSError as error:
            if error.errno is None:
                traceback.print_exc()
                sys.exit(1)
            place = f"{error.filename}: " if error.filename else ""
            _fail(f"{place}{os.strerror(error.errno)}")
        except KeyboardInterrupt:
            _fail("interrupted")
        except Exception:
            traceback.print_exc()
            sys.exit(1)
        finally:
            sys.stdout, sys.stderr = sys.__stdout__, terminal


def _fail(message: str) -> None:
    print(f"error: {message}")
    sys.exit(1)
