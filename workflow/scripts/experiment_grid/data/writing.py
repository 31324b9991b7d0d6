"""Files of data under their final names: whole or not at all, and one clear line where the disk refuses."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from experiment_grid.data.idx import DataError
from experiment_grid.runtime.errors import cannot_write
from experiment_grid.runtime.files import replacing


@contextmanager
def writing(path: Path) -> Iterator[Path]:
    """As `files.replacing`; a full disk, a read-only folder and similar errors raise DataError with the final name."""
    try:
        with replacing(path) as part:
            yield part
    except OSError as error:
        raise DataError(str(cannot_write(path, error))) from error
