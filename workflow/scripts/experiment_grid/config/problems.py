"""What is wrong with a YAML file, and where: the one line that the user reads."""

import difflib
import itertools
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from yaml.constructor import SafeConstructor

from experiment_grid.runtime.errors import UserError, one_line, printable

MISSING = object()  # nothing was given
EMPTY = '""'  # as a key
SHOWN = 20  # problems reported at once
MOST_NAMES = 12  # of those that are allowed, in a line
KINDS = {"bool": "true or false", "int": "a number", "float": "a number", "null": "nothing", "timestamp": "a date"}
SafeLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Keys = tuple[str | int, ...]  # from the top of the document, e.g. ("cells", 3, "learning_rate")


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong at `keys`; `given` is the value there, `allowed` what may be there."""

    keys: Keys
    wrong: str
    given: Any = MISSING
    allowed: str = ""

    def line(self, place: str) -> str:
        """The problem in one line: place, key path, what is wrong, what was given, what is allowed."""
        parts = [self.wrong]
        if self.given is not MISSING:
            parts.append(f"given: {show(self.given)}")
        if self.allowed:
            parts.append(f"allowed: {self.allowed}")
        where = f"{place}: {path(self.keys)}" if self.keys else place
        return printable(f"{where}: " + "; ".join(parts))


class Sources:
    """The YAML files that a configuration was merged from, to find which of them says what.

    `files` are in Snakemake's order (`workflow.configfiles`): those of the command line, later ones winning,
    and at the end the one that the Snakefile names, which they overlay.
    """

    def __init__(self, files: Iterable[Path | str]):
        paths = [Path(file) for file in files]
        winning_first = [*reversed(paths[:-1]), *paths[-1:]]
        self.nodes = {file: compose(file, SafeLoader) for file in winning_first if file.exists()}

    def misread(self) -> list[str]:
        """A line for everything that YAML silently reads as something else: a key given twice, a key that is not text,
        a number of another value (010 is 8, 1:30 is 90)."""
        return [
            problem.line(f"{relative(file)}:{node.start_mark.line + 1}")
            for file, root in self.nodes.items()
            for problem, node in sorted(_misread(root), key=lambda found: found[1].start_mark.line)
        ]

    def values(self, key: str) -> list[Any]:
        """The values of a key at the top in the files that have it, the file that all others overlay first."""
        nodes = [_find(root, (key,)) for root in reversed(self.nodes.values())]
        return [SafeConstructor().construct_document(node) for node in nodes if node is not None]

    def place(self, problem: Problem) -> str:
        """`file:line` of the file whose value counts for a problem, or of what is nearest above it."""
        if not self.nodes:
            return "config"
        if not problem.keys:
            return " or ".join(map(relative, self.nodes))
        for length in range(len(problem.keys), 0, -1):
            keys = problem.keys[:length]
            for file, root in self.nodes.items():
                node = _find(root, keys)
                text = len(keys) == 1 and isinstance(problem.given, str) and not isinstance(node, yaml.ScalarNode)
                if node is not None and not text and (keys != problem.keys or _says(node, problem.given)):
                    return f"{relative(file)}:{node.start_mark.line + 1}"
            if keys == problem.keys and problem.given is not MISSING:
                return "--config"
        return relative(next(reversed(self.nodes)))

    def refuse(self, problems: Iterable[Problem]) -> None:
        """Raise one UserError that reports every problem in a line of its own; do nothing where there is none."""
        first = {
            (problem.keys, "" if problem.wrong.startswith("unknown") else show(problem.given)): problem
            for problem in reversed(list(problems))
        }
        complain([problem.line(self.place(problem)) for problem in reversed(first.values())])


def complain(lines: list[str]) -> None:
    """Raise a UserError of these lines, where there are any; a long list is cut short."""
    if len(lines) > SHOWN:
        lines = [*lines[:SHOWN], f"... and {len(lines) - SHOWN} more problems"]
    if lines:
        raise UserError("\n".join(lines))


def path(keys: Keys) -> str:
    """A key path as people write it: cells[3].learning_rate."""
    text = "".join(f"[{key}]" if isinstance(key, int) else f".{one_line(key) or EMPTY}" for key in keys)
    return text.removeprefix(".")


def show(value: Any, limit: int = 80) -> str:
    """A value as the YAML file has it, in one line of at most `limit` characters."""
    try:
        text = json.dumps(value, ensure_ascii=False, default=str)
        text = {"NaN": ".nan", "Infinity": ".inf", "-Infinity": "-.inf"}.get(text, text)
    except (ValueError, RecursionError, TypeError):  # more digits than Python prints, a loop, a strange key
        text = f"a {type(value).__name__} that can't be shown"
    return one_line(text, limit)


def closest(name: str, names: Iterable[str]) -> str:
    """'did you mean …?' for a misspelt name, or nothing; large and small letters are alike."""
    known: dict[str, str] = {}
    for other in itertools.islice((other for other in names if other != name), 2000):
        known.setdefault(other.lower(), other)
    near = difflib.get_close_matches(name[:100].lower(), known, n=1)
    return f" (did you mean {known[near[0]]}?)" if near else ""


def relative(file: Path) -> str:
    """A file's path as the user would write it from the working directory."""
    file = Path(file).absolute()
    return str(file.relative_to(Path.cwd())) if file.is_relative_to(Path.cwd()) else str(file)


def compose(file: Path, loader: type) -> yaml.Node | None:
    """The file's YAML nodes with their line numbers; nothing is constructed from them. Raises UserError."""
    try:
        with file.open(encoding="utf-8") as stream:
            return yaml.compose(stream, Loader=loader)
    except yaml.MarkedYAMLError as error:
        line = f":{error.problem_mark.line + 1}" if error.problem_mark else ""
        hint = "; indent with spaces, not tabs" if "'\\t'" in (error.problem or "") else ""
        raise UserError(f"{relative(file)}{line}: is not YAML: {error.problem or error.context}{hint}") from None
    except UnicodeDecodeError:
        raise UserError(f"{relative(file)}: is not text; allowed: YAML in UTF-8") from None
    except RecursionError:
        raise UserError(f"{relative(file)}: has too many levels, one inside the other") from None
    except (yaml.YAMLError, OSError) as error:
        reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
        raise UserError(f"{relative(file)}: can't be read as YAML: {one_line(reason, 200)}") from None


def read_yaml(file: Path) -> Any:
    """The content of a YAML file. Raises UserError where it can't be read."""
    try:
        return yaml.load(file.read_bytes(), Loader=SafeLoader)
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
        raise UserError(f"{relative(file)}: can't be read: {reason}") from None


def _find(node: yaml.Node | None, keys: Keys) -> yaml.Node | None:
    """The node at `keys`, or None where the document does not say it."""
    for key in keys:
        if isinstance(node, yaml.MappingNode):
            node = next((value for name, value in _entries(node) if name.value == str(key)), None)
        elif isinstance(node, yaml.SequenceNode) and isinstance(key, int) and key < len(node.value):
            node = node.value[key]
        else:
            return None
    return node


def _entries(node: yaml.Node) -> Iterator[tuple[yaml.Node, yaml.Node]]:
    """Keys and values of a mapping, after them those of the mappings that it merges in with `<<`."""
    if isinstance(node, yaml.MappingNode):
        yield from node.value
        merged = [value for name, value in node.value if name.tag == "tag:yaml.org,2002:merge"]
        for value in merged:
            for other in value.value if isinstance(value, yaml.SequenceNode) else [value]:
                yield from _entries(other)


def _says(node: yaml.Node, given: Any) -> bool:
    """Whether the value `given` can come from this node; only scalars are compared."""
    if not isinstance(node, yaml.ScalarNode) or given is MISSING:
        return True
    try:
        return bool(SafeConstructor().construct_object(node) == given or given != given)  # NaN
    except yaml.YAMLError:  # a tag of Python's, which Snakemake's loader knows and --config can't give
        return True
    except ValueError:
        return False


def _misread(root: yaml.Node | None) -> Iterator[tuple[Problem, yaml.Node]]:
    """Values that YAML reads differently than they look, and where they are. Aliased nodes are visited once."""
    stack: list[tuple[yaml.Node | None, Keys]] = [(root, ())]
    visited = set()
    while stack:
        node, keys = stack.pop()
        if id(node) in visited:
            continue
        visited.add(id(node))
        if isinstance(node, yaml.MappingNode):
            names = set()
            for name, value in node.value:
                if not isinstance(name, yaml.ScalarNode):
                    continue
                kind = name.tag.rpartition(":")[2]
                if kind not in ("str", "merge", "value"):
                    wrong = f"has a key that YAML reads as {KINDS.get(kind, kind)}"
                    yield Problem(keys, wrong, name.value, f'text: "{one_line(name.value)}":'), name
                elif (name.tag, name.value) in names:
                    yield Problem((*keys, name.value), "says the same key twice"), name
                names.add((name.tag, name.value))
                stack.append((value, (*keys, name.value)))
        elif isinstance(node, yaml.SequenceNode):
            stack.extend((value, (*keys, index)) for index, value in enumerate(node.value))
        elif isinstance(node, yaml.ScalarNode) and not node.style and _looks_otherwise(node):
            wrong = f"is read as {show(SafeConstructor().construct_object(node))} by YAML"
            yield Problem(keys, wrong, node.value, 'a number without leading zeros and colons, or text in "..."'), node


def _looks_otherwise(node: yaml.ScalarNode) -> bool:
    """Whether a number is octal or sexagesimal, as YAML 1.1 has them."""
    digits = node.value.lstrip("+-").replace("_", "")
    if not node.tag.endswith((":int", ":float")):
        return False
    return ":" in digits or (digits.isdecimal() and digits[0] == "0" and int(digits, 8) != int(digits))
