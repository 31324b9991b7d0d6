"""Where the workflow and its environment are: whether Snakemake can work there, and whose copy of this package is
imported. Read by every Python from 3.11, without any package: `make setup` asks before it installs.
"""

import re
import sys
from pathlib import Path

from experiment_grid.runtime.errors import UserError

HERE = Path(__file__).resolve().parents[1]


def check_place(scripts: Path) -> None:
    """Refuse another copy than the one beside the stages' scripts: the plan looks at that one's code alone. (An
    editable install of this folder is the same copy.)
    """
    own = scripts.resolve() / HERE.name
    if own != HERE:
        raise UserError(
            f"{HERE}: is imported instead of {own}; take it out of the environment: pip uninstall experiment-grid"
        )


def check_paths(project: Path, python: Path) -> None:
    """Refuse places where no job could start: Snakemake quotes neither its interpreter nor braces in commands."""
    if re.search(r"[^\w@%+=:,./~-]", str(python)):
        raise UserError(
            f"{python}: Snakemake starts jobs only with a Python whose path has no spaces, quotes or other signs of "
            f"the shell; move {'the project' if python.is_relative_to(project) else 'the environment'}"
        )
    if {"{", "}"} & {*str(project)}:
        raise UserError(f"{project}: Snakemake takes braces in a path for a name of its own; move the project")


def check_moved(environment: Path) -> None:
    """Refuse an environment that was moved after it was created: its programs name the place of their interpreter."""
    config = environment / "pyvenv.cfg"
    made = (
        re.search(r"^command = .* -m venv (?:-\S+ )*(/.*)$", config.read_text("utf-8"), re.M)
        if config.is_file()
        else None
    )
    if made and Path(made[1]).resolve() != environment.resolve():
        raise UserError(f"{environment}: was made at {made[1]}, and can't be moved; remove it: rm -r {environment}")


if __name__ == "__main__":
    try:
        check_paths(Path.cwd(), Path.cwd() / sys.argv[1] / "bin/python")
        check_moved(Path(sys.argv[1]))
    except UserError as error:
        sys.exit(str(error))
