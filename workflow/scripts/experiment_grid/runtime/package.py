"""Which copy of this package is imported, where an environment has one of its own."""

from pathlib import Path

from experiment_grid.runtime.errors import UserError

HERE = Path(__file__).resolve().parents[1]


def check_place(scripts: Path) -> None:
    """Refuse another copy than the one beside the stages' scripts: the plan looks at that one's code alone. (What an
    editable install of this folder leads to is the same copy.)
    """
    own = scripts.resolve() / HERE.name
    if own != HERE:
        raise UserError(
            f"{HERE}: is imported instead of {own}; take it out of the environment: pip uninstall experiment-grid"
        )
