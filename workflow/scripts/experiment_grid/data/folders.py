"""Images in class folders: `train/cat/1.png`, `test/cat/2.png`; or `cat/1.png`, of which a share is to test with.

Listed with the standard library alone; `read` needs NumPy and Pillow.
"""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiment_grid.data.idx import LARGEST_SIDE, DataError
from experiment_grid.data.memory import refuse_large_sides, refuse_too_many_bytes
from experiment_grid.runtime.errors import some

if TYPE_CHECKING:
    import numpy as np
    from PIL import Image

PARTS = ("train", "test")
OTHER_PARTS = {
    *PARTS,
    "training",
    "testing",
    "val",
    "valid",
    "validation",
}  # names of parts, where all folders have such
TEST_FRACTION = 0.2  # of images that come in one piece, where the config says nothing
SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm"}
GREY = ("1", "L", "LA")


def has_parts(folder: Path) -> bool:
    """Whether a folder has train/ and test/ in it; else its folders are the classes."""
    return all((folder / part).is_dir() for part in PARTS)


def images(folder: Path) -> dict[str, Path]:
    """The images below a folder, in the order of their names, by these: `train/cat/1.png`.

    Raises DataError where classes are missing, or have no image.
    """
    roots = [folder / part for part in PARTS] if has_parts(folder) else [folder]
    classes = [_classes(root) for root in roots]
    if len(classes) == 2 and (other := {*classes[1]} - {*classes[0]}):
        raise DataError(f"{roots[1]}: has classes that {roots[0]} does not have: {some(sorted(other), 10)}")
    found: dict[str, Path] = {}
    for root, names in zip(roots, classes, strict=True):
        for name in names:
            inside = sorted(file for file in (root / name).rglob("*") if file.suffix.lower() in SUFFIXES)
            inside = [file for file in inside if file.is_file() and not _hidden(file.relative_to(root))]
            if not inside:
                raise DataError(
                    f"{root / name}: has no images; allowed: {', '.join(sorted(SUFFIXES))}, or no such folder"
                )
            found |= {file.relative_to(folder).as_posix(): file for file in inside}
    return found


def classes(folder: Path) -> list[str]:
    """The names of the classes, in their order."""
    return _classes(folder / PARTS[0] if has_parts(folder) else folder)


def training_images(folder: Path, test_fraction: float | None) -> int:
    """How many images there are to train and validate with."""
    found = images(folder)
    if has_parts(folder):
        return sum(name.startswith(f"{PARTS[0]}/") for name in found)
    return training_count(Counter(name.partition("/")[0] for name in found), test_fraction)


def training_count(classes: Mapping[Any, int], test_fraction: float | None) -> int:
    """How many images of one piece are left to train with; `classes` are the images of each class."""
    return sum(count - test_count(count, test_fraction) for count in classes.values())


def test_count(count: int, test_fraction: float | None) -> int:
    """How many of the images of a class are to test with, where all come in one piece."""
    return round((TEST_FRACTION if test_fraction is None else test_fraction) * count)


def own_test_images(where: str, test_fraction: float) -> str:
    """The line for a `test_fraction` of images that have a part to test with."""
    return f"dataset.test_fraction: {where} has test images of its own; given: {test_fraction}; allowed: no such key"


def unused(folder: Path) -> list[str]:
    """The names of folders beside train/ and test/."""
    return sorted({*_folders(folder)} - {*PARTS}) if has_parts(folder) else []


def loose(folder: Path) -> int:
    """How many images are beside the class folders, which are not used."""
    roots = [folder, *(folder / part for part in PARTS)] if has_parts(folder) else [folder]
    return sum(
        file.suffix.lower() in SUFFIXES and not _hidden(Path(file.name)) for at in roots for file in at.iterdir()
    )


def _folders(root: Path) -> list[str]:
    return sorted(path.name for path in root.iterdir() if path.is_dir() and not _hidden(path.relative_to(root)))


def _hidden(path: Path) -> bool:
    """Whether a file or folder is one of those that macOS and editors leave behind."""
    return any(part.startswith(".") or part == "__MACOSX" for part in path.parts)


def _classes(root: Path) -> list[str]:
    names = _folders(root)
    needed = "train and test with class folders in both, or class folders alone"
    if names and {name.lower() for name in names} <= OTHER_PARTS:
        raise DataError(f"dataset.path: {str(root)!r} has the folders {', '.join(names)}; expected {needed}")
    if part := next((name for name in names if name.lower() in OTHER_PARTS and _folders(root / name)), None):
        others = ", ".join(name for name in names if name != part)
        raise DataError(f"dataset.path: {str(root)!r} has {part} with folders in it, and {others}; expected {needed}")
    if len(names) < 2:
        needed = "a folder for each of two classes or more, or the four IDX files"
        raise DataError(f"dataset.path: {str(root)!r} has {len(names)} folders in it; expected {needed}")
    if odd := [name for name in names if not name.isprintable()]:
        raise DataError(f"dataset.path: {str(root)!r} has a folder {odd[0]!r}; expected printable names")
    if len(names) > 256:
        raise DataError(f"dataset.path: {str(root)!r} has {len(names)} folders in it; allowed are 256 classes at most")
    return names


def read(files: list[Path], size: int | None) -> "np.ndarray":
    """Images as uint8 [N, C, H, W]: grey ones have C = 1, others, and grey ones among them, C = 3.

    With `size` all are resized to size x size pixels. Raises DataError for a file that is not an image, and for sizes
    that differ.
    """
    import numpy as np
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = 2 * LARGEST_SIDE**2 if size is None else 2**28
    shape: tuple[int, int] | None = None
    grey = True
    for file in files:
        with _opened(file) as picture:  # the header alone is read
            grey = grey and picture.mode in GREY
            own = (size, size) if size else (picture.height, picture.width)
            shape = shape or own
            if own != shape:
                sizes = " and of ".join(f"{height} x {width}" for height, width in (shape, own))
                raise DataError(
                    f"{file}: images of {sizes} pixels (height x width); expected one size, or dataset.size"
                )
    assert shape is not None, "there are files"
    refuse_large_sides(str(files[0]), shape)
    channels = 1 if grey else 3
    refuse_too_many_bytes(str(files[0].parent), (len(files), channels, *shape))
    made = np.empty((len(files), channels, *shape), np.uint8)
    for place, file in zip(made, files, strict=True):
        with _opened(file) as picture:
            place[:] = pixels(picture, channels, size, str(file))
    return made


def pixels(picture: "Image.Image", channels: int, size: int | None, where: str) -> "np.ndarray":
    """A Pillow image as uint8 [channels, H, W]. Raises DataError, beginning with `where`, for a damaged one."""
    import numpy as np

    coded = [str(part) for tile in getattr(picture, "tile", ()) for part in tile]
    if picture.mode.startswith(("I", "F")) or any(";16" in part for part in coded):  # Pillow would cut them off
        raise DataError(f"{where}: has pixels of 16 or 32 bits (Pillow's mode {picture.mode}); expected 8 bits")
    try:
        picture = picture.convert("L" if channels == 1 else "RGB")
        picture = picture.resize((size, size)) if size else picture
    except (OSError, SyntaxError, ValueError) as error:
        raise DataError(f"{where}: is damaged ({error})") from error
    values = np.asarray(picture)
    return values[None] if channels == 1 else values.transpose(2, 0, 1)


def _opened(file: Path) -> "Image.Image":
    from PIL import Image, UnidentifiedImageError

    try:
        return Image.open(file)
    except UnidentifiedImageError as error:
        raise DataError(f"{file}: is not an image that Pillow reads") from error
    except (OSError, Image.DecompressionBombError, SyntaxError, ValueError) as error:
        raise DataError(f"{file}: cannot be read ({error})") from error
