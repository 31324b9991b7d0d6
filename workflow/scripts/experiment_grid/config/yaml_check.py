"""Whether Snakemake's loader can read a config file: it names neither file nor line itself, or shows a traceback."""

import difflib
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from yaml.constructor import FullConstructor

from experiment_grid.config.problems import Problem, Sources, compose, relative
from experiment_grid.config.validation import DEPTH, NODES
from experiment_grid.runtime.errors import UserError, one_line

WANTED = "allowed: key: value pairs in YAML, as in config/demo.yaml"
PATHVAR = re.compile(r"[a-z][a-z0-9_]*")  # Snakemake's names
PATHVARS = "names in small letters with a path as text each, e.g. results: results/demo"


def check(file: Path) -> None:
    """Raise a one-line UserError if Snakemake would fail on the file before it reads the Snakefile."""
    if file.is_dir():
        raise UserError(f"{file}: is a folder; allowed: a YAML file, e.g. config/demo.yaml")
    if not file.exists():
        raise UserError(f"{file}: no such file{_beside(file)}")
    root = compose(file, yaml.FullLoader)  # Snakemake's: the fast one, in C, differs here and there
    if root is None:
        raise UserError(f"{relative(file)}: is empty; {WANTED}")
    known: dict[int, tuple[float, float]] = {}
    if _too_large(root, known):
        culprit = next((part for part in _parts(root) if _too_large(part, known)), root)
        most = f"{DEPTH} levels, {NODES} values"
        raise UserError(f"{_place(file, culprit)}: has too many levels or values; allowed: {most}")
    document = _construct(file, root)
    if not isinstance(document, dict):
        raise UserError(f"{_place(file, root)}: has no key at the top; {WANTED}")
    Sources([file]).refuse(_wrong_pathvars(document.get("pathvars")))


def _wrong_pathvars(pathvars: Any) -> list[Problem]:
    """What Snakemake refuses before any Snakefile is read; with --quiet it does so silently."""
    if pathvars is None:
        return []
    if not isinstance(pathvars, dict):
        return [Problem(("pathvars",), "is not a mapping of path variables", pathvars, PATHVARS)]
    return [
        Problem(("pathvars", str(name)), "is not a path variable", value, PATHVARS)
        for name, value in pathvars.items()
        if not (isinstance(value, str) and isinstance(name, str) and PATHVAR.fullmatch(name))
    ]


def _beside(file: Path) -> str:
    others = {other.stem: other for other in file.parent.glob("*.y*ml")}
    near = difflib.get_close_matches(file.stem, others, n=1)
    return f" (did you mean {others[near[0]]}?)" if near else ""


def _parts(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    return node.value if isinstance(node, yaml.SequenceNode) else []


def _too_large(node: yaml.Node, known: dict[int, tuple[float, float]]) -> bool:
    levels, values = _extent(node, known)
    return levels > DEPTH or values > NODES


def _extent(node: yaml.Node, known: dict[int, tuple[float, float]]) -> tuple[float, float]:
    """Levels below a node, and values with itself: infinitely many where aliases go round in a ring."""
    if id(node) not in known:
        known[id(node)] = math.inf, math.inf  # until it is known: a node that is visited again is part of a cycle
        parts = [_extent(part, known) for part in _parts(node)]
        levels = max((1 + levels for levels, _ in parts), default=0)
        known[id(node)] = levels, 1 + sum(values for _, values in parts)
    return known[id(node)]


def _construct(file: Path, root: yaml.Node) -> Any:
    """The values of the nodes. Raises UserError."""
    try:
        return FullConstructor().construct_document(root)
    except yaml.MarkedYAMLError as error:
        line = f":{error.problem_mark.line + 1}" if error.problem_mark else ""
        raise UserError(f"{relative(file)}{line}: can't be read: {one_line(error.problem or str(error))}") from None
    except Exception:  # PyYAML's constructors raise anything: ValueError, KeyError, IndexError, AttributeError …
        culprit = next(filter(_fails, _scalars(root)), root)
        kind = culprit.tag.rpartition(":")[2]
        given = one_line(culprit.value) if isinstance(culprit, yaml.ScalarNode) else "this"
        wrong = f"can't be read as {kind}; given: {given}"
        raise UserError(f'{_place(file, culprit)}: {wrong}; text goes in "..."') from None


def _scalars(root: yaml.Node) -> Iterator[yaml.Node]:
    """In the order of the file; those behind aliases again at each."""
    for part in _parts(root):
        yield from _scalars(part) if _parts(part) else [part]


def _fails(scalar: yaml.Node) -> bool:
    try:
        FullConstructor().construct_object(scalar)
    except yaml.MarkedYAMLError:  # as a part of its collection it may be right: `<<`
        return False
    except Exception:
        return True
    return False


def _place(file: Path, node: yaml.Node) -> str:
    return f"{relative(file)}:{node.start_mark.line + 1}"
