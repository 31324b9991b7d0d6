"""Downloads by torchvision's classes, from a server on the loopback address in place of their hosts."""

import bz2
import gzip
import hashlib
import io
import pickle
import tarfile
import zipfile

import mirror_server as server
import numpy as np
import pytest
from PIL import Image
from torchvision import datasets

from experiment_grid.data import idx, torchvision_sets
from experiment_grid.data.fetch import RetryPolicy
from experiment_grid.data.idx import DataError
from experiment_grid.data.image_checks import checked

POLICY = RetryPolicy(attempts=2, back_off=0.01, silence=5)
HASTY = RetryPolicy(attempts=1, silence=0.3, slowest=1000)
RANDOM = np.random.default_rng(0)
CLASSES = ("n01440764", "n02102040")  # of Imagenette


def md5(content: bytes) -> str:
    return hashlib.md5(content).hexdigest()


def usps(count: int) -> tuple[bytes, np.ndarray, np.ndarray]:
    """A file of USPS, its images [count, 16, 16] and labels."""
    pixels, labels = RANDOM.integers(-1, 2, (count, 256)), np.arange(count) % 10
    rows = zip(labels, pixels, strict=True)
    lines = [f"{label + 1} " + " ".join(f"{n}:{value}" for n, value in enumerate(row, 1)) for label, row in rows]
    images = ((pixels.astype(np.float32) + 1) / 2 * 255).astype(np.uint8).reshape(-1, 1, 16, 16)
    return bz2.compress("\n".join(lines).encode()), images, labels


def cifar10() -> tuple[bytes, dict[str, dict]]:
    """The archive of CIFAR-10 with ten images in every batch, and what is in it."""
    batches = {name: {"data": RANDOM.integers(0, 256, (10, 3072), np.uint8), "labels": [*range(10)]}
               for name in (*(f"data_batch_{number}" for number in range(1, 6)), "test_batch")}  # fmt: skip
    batches["batches.meta"] = {"label_names": [f"name {label}" for label in range(10)]}
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, batch in batches.items():
            content = pickle.dumps(batch)
            member = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
            batch["md5"] = md5(content)
    return buffer.getvalue(), batches


def emnist_letters() -> bytes:
    """The archive of EMNIST with the split of letters, whose labels are 1 to 26."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for part, count in (("train", 52), ("test", 26)):
            labels = (np.arange(count) % 26 + 1).astype(np.uint8)
            images = RANDOM.integers(0, 256, (count, 28, 28), np.uint8)
            for name, values in (("images-idx3", images), ("labels-idx1", labels)):
                archive.writestr(f"gzip/emnist-letters-{part}-{name}-ubyte.gz", gzip.compress(idx.encode(values)))
    return buffer.getvalue()


@pytest.fixture
def usps_files(monkeypatch):
    """The files of USPS, which its class now expects at an address without a server."""
    made = {"train": usps(40), "test": usps(20)}
    names = {"train": "usps.bz2", "test": "usps.t.bz2"}
    listed = {part: [f"http://127.0.0.1:9/{names[part]}", names[part], md5(made[part][0])] for part in made}
    monkeypatch.setattr(datasets.USPS, "split_list", listed)
    return {names[part]: made[part][0] for part in made}, made


def settings(name, options=None, **more):
    return {"dataset": name.lower(), "target": f"torchvision.datasets.{name}", "options": options or {}} | more


def test_usps_comes_from_a_mirror(usps_files, tmp_path, capsys):
    files, made = usps_files
    with server.serving(files, server.good) as (mirror, asked):
        images, origin = torchvision_sets.download(settings("USPS"), [mirror], tmp_path / "raw", POLICY)
    assert origin == mirror and {path.rpartition("/")[2] for path in asked} == {*files}
    for part, (_, pixels, labels) in zip((images.train, images.test), made.values(), strict=True):
        assert (part[0] == pixels).all() and (part[1] == labels).all()
    assert "(100%)" in capsys.readouterr().out
    assert not (tmp_path / "raw").exists()


def test_a_mirror_may_lead_to_files_of_other_names(usps_files, tmp_path, capsys):
    """As object stores do. The bytes of a file are counted once."""
    files, _ = usps_files
    stored = {name.encode().hex(): content for name, content in files.items()}

    def leading(handler, body):
        name = handler.path.rpartition("/")[2]
        if name in stored:
            server.answer(handler, body)
        else:
            handler.send_response(302)
            handler.send_header("Location", f"/stored/{name.encode().hex()}")
            handler.send_header("Content-Length", "0")
            handler.end_headers()

    with server.serving(files | stored, leading) as (mirror, _):
        images, _ = torchvision_sets.download(settings("USPS"), [mirror], tmp_path / "raw", POLICY)
    assert len(images.train[0]) == 40
    assert "(200%)" not in capsys.readouterr().out


def test_a_folder_is_a_mirror_too(usps_files, tmp_path):
    for name, content in usps_files[0].items():
        (tmp_path / name).write_bytes(content)
    images, _ = torchvision_sets.download(settings("USPS"), [f"{tmp_path.as_uri()}/"], tmp_path / "raw", POLICY)
    assert images.train[0].shape == (40, 1, 16, 16)


def test_cifar10_is_in_colour_and_has_names(monkeypatch, tmp_path):
    content, batches = cifar10()
    monkeypatch.setattr(datasets.CIFAR10, "tgz_md5", md5(content))
    train, test = [[name, batches[name]["md5"]] for name in batches if name.startswith("data")], batches["test_batch"]
    monkeypatch.setattr(datasets.CIFAR10, "train_list", train)
    monkeypatch.setattr(datasets.CIFAR10, "test_list", [["test_batch", test["md5"]]])
    monkeypatch.setitem(datasets.CIFAR10.meta, "md5", batches["batches.meta"]["md5"])
    with server.serving({"cifar-10-python.tar.gz": content}, server.good) as (address, _):
        monkeypatch.setattr(datasets.CIFAR10, "url", f"{address}cifar-10-python.tar.gz")
        images, origin = torchvision_sets.download(settings("CIFAR10"), [], tmp_path / "raw", POLICY)
    assert origin == torchvision_sets.OWN and images.classes[3] == "name 3"
    assert images.train[0].shape == (50, 3, 32, 32)
    assert (images.test[0].reshape(10, -1) == test["data"]).all()


def test_the_letters_of_emnist_are_26_classes(monkeypatch, tmp_path):
    content = emnist_letters()
    monkeypatch.setattr(datasets.EMNIST, "md5", md5(content))
    with server.serving({"gzip.zip": content}, server.good) as (mirror, _):
        chosen = settings("EMNIST", {"split": "letters"})
        images, _ = torchvision_sets.download(chosen, [mirror], tmp_path / "raw", POLICY)
    images, warnings = checked(images, "emnist-letters")
    assert images.classes == list("abcdefghijklmnopqrstuvwxyz")
    assert (images.train[1].min(), images.train[1].max()) == (0, 25)
    assert warnings == ["labels count from 1 to 26; here they are 0 to 25"]


@pytest.mark.parametrize(
    ("behaviour", "policy", "reason"),
    [
        (server.not_found, POLICY, "answers 404 Not Found"),
        (server.failing, POLICY, "answers 503 Service Unavailable"),
        (server.html, POLICY, "other content than expected, by torchvision's MD5"),
        (server.bit_flipped, POLICY, "other content than expected, by torchvision's MD5"),
        (server.too_long, POLICY, "announces 1,000,000,000,000 bytes"),
        (server.silent, HASTY, "silent for 0.3 s"),
        (server.dripping, HASTY, "slower than 1000 bytes per second"),
        (server.redirecting("file:///etc/"), POLICY, "is not allowed"),
    ],
)
def test_a_bad_mirror_is_passed_over_and_its_reason_reported(usps_files, tmp_path, behaviour, policy, reason):
    files, _ = usps_files
    with server.serving(files, behaviour) as (bad, _), server.serving(files, server.good) as (good, _):
        with pytest.raises(DataError) as error:
            torchvision_sets.download(settings("USPS"), [bad], tmp_path / "raw", policy)
        _, origin = torchvision_sets.download(settings("USPS"), [bad, good], tmp_path / "raw", policy)
    assert origin == good
    lines = str(error.value).splitlines()
    assert lines[0] == "usps could not be downloaded from any of 2 mirrors:"
    assert lines[1].startswith(f"  {bad}: ") and reason in lines[1]
    assert lines[2].startswith(f"  {torchvision_sets.OWN}: ") and "Connection refused" in lines[2]
    assert "MNIST_MIRROR=" in lines[3] and "make demo" in lines[3]


def test_what_a_killed_download_left_is_no_data(usps_files, tmp_path):
    """Torchvision takes a file of USPS as it is if one of that name exists."""
    files, _ = usps_files
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw/usps.bz2").write_bytes(files["usps.bz2"][:100])
    with server.serving(files, server.good) as (mirror, _):
        images, _ = torchvision_sets.download(settings("USPS"), [mirror], tmp_path / "raw", POLICY)
    assert len(images.train[0]) == 40


def imagenette(each: int) -> bytes:
    """The archive of Imagenette with two of its classes, `each` images of both in either part."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for place in [f"{part}/{kind}/{n}" for part in ("train", "val") for kind in CLASSES for n in range(each)]:
            image = io.BytesIO()
            Image.fromarray(RANDOM.integers(0, 256, (8, 8, 3), np.uint8)).save(image, "JPEG")
            member = tarfile.TarInfo(f"imagenette2-160/{place}.jpeg")
            member.size = len(image.getvalue())
            archive.addfile(member, io.BytesIO(image.getvalue()))
    return buffer.getvalue()


def test_what_was_unpacked_before_an_interruption_is_not_taken_for_whole(monkeypatch, tmp_path):
    """Also a set whose parts are train and val."""
    content = imagenette(each=3)
    monkeypatch.setattr(
        datasets.Imagenette, "_ARCHIVES", {"160px": ("http://127.0.0.1:9/imagenette2-160.tgz", md5(content))}
    )
    for kind in CLASSES:
        (tmp_path / f"raw/imagenette2-160/train/{kind}").mkdir(parents=True)
        Image.new("RGB", (8, 8)).save(tmp_path / f"raw/imagenette2-160/train/{kind}/0.jpeg")
    with server.serving({"imagenette2-160.tgz": content}, server.good) as (mirror, _):
        chosen = settings("Imagenette", {"size": "160px"})
        images, _ = torchvision_sets.download(chosen, [mirror], tmp_path / "raw", POLICY)
    assert (len(images.train[0]), len(images.test[0]), len(images.classes)) == (6, 6, 2)


def test_only_archives_stay_of_an_interrupted_download_and_a_link_leads_nowhere(tmp_path):
    for name in ("raw/dtd/dtd.tar.gz", "raw/dtd/images/1.jpg", "raw/labels.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    (tmp_path / "link").symlink_to(tmp_path / "raw")
    torchvision_sets._remove_unpacked(tmp_path / "link")
    assert (tmp_path / "raw/labels.txt").is_file() and not (tmp_path / "link").is_symlink()
    torchvision_sets._remove_unpacked(tmp_path / "raw")
    assert [path.name for path in (tmp_path / "raw").rglob("*") if path.is_file()] == ["dtd.tar.gz"]
    assert not (tmp_path / "raw/dtd/images").exists()


def test_a_connection_that_ends_early_is_tried_again(usps_files, tmp_path):
    files, _ = usps_files
    with server.serving(files, server.closing, server.good) as (mirror, _):
        images, _ = torchvision_sets.download(settings("USPS"), [mirror], tmp_path / "raw", POLICY)
    assert len(images.train[0]) == 40
    with server.serving(files, server.closing) as (mirror, _), pytest.raises(DataError, match=r"ends after [\d,]+ of"):
        torchvision_sets.download(settings("USPS"), [mirror], tmp_path / "raw", POLICY)


def test_a_set_that_downloads_nothing_is_refused_and_no_file_removed(tmp_path):
    file = tmp_path / "raw/ILSVRC2012_img_val.tar"
    file.parent.mkdir()
    file.touch()
    with pytest.raises(DataError, match=r"ImageNet of torchvision downloads nothing; expected a data set that does"):
        torchvision_sets.download(settings("ImageNet"), ["file:///nowhere/"], file.parent, POLICY)
    assert file.is_file()


@pytest.mark.parametrize("label", [None, {"boxes": []}])
def test_a_set_without_classes_is_refused_in_a_line(label):
    part = [(Image.new("L", (8, 8)), label)] * 2
    with pytest.raises(DataError, match=r"image 0 has the label .*; expected a whole number: a classification set"):
        torchvision_sets._images([part, part], settings("CLEVRClassification"))


def test_sets_in_one_piece_and_of_several_sizes(monkeypatch):
    class Piece:
        classes = ("a", "b")

        def __init__(self, sizes):
            self.sizes = sizes

        def __len__(self):
            return len(self.sizes)

        def __getitem__(self, index):
            return Image.new("RGB", (self.sizes[index], 8), (index, 0, 0)), index % 2

    images = torchvision_sets._images([Piece([8] * 20)], settings("EuroSAT", test_fraction=0.25))
    assert (len(images.train[0]), len(images.test[0])) in ((15, 5), (16, 4))
    with pytest.raises(DataError, match=r"has images of .* pixels; expected dataset.size"):
        torchvision_sets._images([Piece([8, 9] * 10)], settings("EuroSAT"))
    assert torchvision_sets._images([Piece([8, 9] * 10)], settings("EuroSAT", size=6)).test[0].shape[1:] == (3, 6, 6)
