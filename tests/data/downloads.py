"""For the tests of downloads: a small data set as mirrors have it, its download, and what that leaves."""

import gzip
import hashlib

from idx_files import contents

from experiment_grid.data import acquire, idx
from experiment_grid.data.fetch import RetryPolicy
from experiment_grid.data.idx_folder import FILES

POLICY = RetryPolicy(attempts=2, back_off=0.01, silence=20)
HASTY = RetryPolicy(attempts=2, back_off=0.01, silence=0.3, slowest=100)
CONTENTS = contents()
CHECKSUMS = {name: hashlib.sha256(content).hexdigest() for name, content in CONTENTS.items()}
ARCHIVES = {f"{name}.gz": gzip.compress(content) for name, content in CONTENTS.items()}
FIRST = "train-images-idx3-ubyte"


def fetch(folder, *mirrors, known=None, checksums=CHECKSUMS, policy=POLICY):
    return acquire.from_mirrors("mnist", checksums, list(mirrors), folder, known or {}, policy)


def assert_complete(folder):
    """The four files under their names with the right content, and nothing else."""
    assert sorted(path.name for path in folder.iterdir()) == sorted(ARCHIVES)
    for name, checksum in CHECKSUMS.items():
        assert idx.scan(folder / f"{name}.gz", FILES[name]).sha256 == checksum


def files_in(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
