"""What a target names: `torch.nn.CrossEntropyLoss`, or a file of the user's, `models/lenet.py:LeNet`."""

import importlib
import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any


class TargetError(Exception):
    """A target that does not resolve; the message says what is missing."""


def resolve(target: str) -> Any:
    """The class or function that `target` names. Raises TargetError; what the user's own code raises goes through."""
    path, colon, name = target.rpartition(":")
    if not colon:
        return _imported(target)
    module = _file(path)
    if not hasattr(module, name):
        raise TargetError(f"the file has no {name}")
    return getattr(module, name)


def _imported(target: str) -> Any:
    """What a dotted name means: the longest module that there is, then attributes."""
    parts = target.split(".")
    for end in range(len(parts) - 1, 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:end]))
        except ModuleNotFoundError as error:
            if error.name is None or not f"{'.'.join(parts[:end])}.".startswith(f"{error.name}."):
                raise  # a module that is there lacks one that it imports
            continue
        for place in range(end, len(parts)):
            if not hasattr(found, parts[place]):
                raise TargetError(f"{'.'.join(parts[:place])} has no {parts[place]}")
            found = getattr(found, parts[place])
        return found
    raise TargetError(f"there is no package {parts[0]}")


def _file(path: str) -> ModuleType:
    """The module in a file, relative to the working directory; loaded once, under a name that nothing imports.

    Its folder is the first place for its imports while it is loaded and the last one afterwards, so that a helper
    can be imported in a function too and hides no module of a library.
    """
    file = Path(path).resolve()
    name = "_file_" + re.sub(r"\W", "_", str(file))
    if name in sys.modules:
        return sys.modules[name]
    if not file.is_file():
        raise TargetError("there is no such file in the working directory")
    folder = str(file.parent)
    _forget_helpers_of_others(file.parent)
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise TargetError("it is not a file that Python can import")
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    sys.path.insert(0, folder)
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    finally:
        sys.path.remove(folder)
        if folder not in sys.path:
            sys.path.append(folder)
        FOLDERS.add(file.parent)
    return module


FOLDERS: set[Path] = set()  # from which files were loaded


def _forget_helpers_of_others(folder: Path) -> None:
    """`losses/common.py` is not what a file beside `models/common.py` means by `import common`."""
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        of_others = file and any(Path(file).is_relative_to(other) for other in FOLDERS - {folder})
        root = name.partition(".")[0]
        if of_others and ((folder / f"{root}.py").exists() or (folder / root).is_dir()):
            del sys.modules[name]
