"""Every key of the configuration: type, range, default and description; those of cells are in `cell_keys`, what they
train with is in `parameter_keys`.

`validation` turns what pydantic finds into this project's lines; `describe` makes the JSON Schema for editors and
`config/README.md` from these classes.
"""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Discriminator, Field, Tag, create_model

from experiment_grid.config.cell_keys import MOST_CELLS, CellKeys
from experiment_grid.config.key_types import (
    LEFT_OUT,
    UNLIKE,
    Address,
    Closed,
    Name,
    Note,
    Package,
    Title,
    either,
    whole,
    words,
)
from experiment_grid.config.parameter_keys import ParameterKeys
from experiment_grid.data.datasets import DATASETS


class AnyDataset(Closed):
    """Keys of every data set that is not a name alone."""

    name: Annotated[Name, Field(description="Name of the data set, instead of its own: a folder of the results.")] = (
        LEFT_OUT
    )
    test_fraction: Annotated[
        float,
        Field(
            gt=0,
            lt=1,
            description="Share of each class to test with, where there are no separate test images; 0.2 by default.",
        ),
    ] = LEFT_OUT


class OwnDataset(AnyDataset):
    """The user's own images."""

    size: Annotated[
        int,
        *whole(1, 1024),
        Field(description="Side in pixels that all images are resized to, where their sizes differ."),
    ] = LEFT_OUT
    path: Annotated[
        str,
        Field(
            min_length=1,
            max_length=1000,
            description="Folder with class folders, in train/ and test/ or with a test_fraction; folder with the four "
            "IDX files of MNIST's names, plain or as .gz; or an .npz file. Relative to the working directory.",
        ),
    ]


TARGETS = {
    "_target_": {"description": "Name or target.", "type": "string"},
    "size": {
        "description": "Side in pixels that all images are resized to, where their sizes differ, from 1 to 1024. An "
        "option of a function that has a `size`; so is a text, such as Imagenette's 160px.",
        "type": ["integer", "string"],
    },
}


class TargetDataset(AnyDataset):
    """A class of torchvision.datasets, or a function in a file, with options."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra=lambda schema: schema.update(
            required=["_target_"], properties=schema["properties"] | TARGETS
        ),
    )


def _kind_of_dataset(value: Any) -> str:
    if isinstance(value, dict):
        return "<target>" if "_target_" in value and "path" not in value else "<path>"
    return "<text>"


class AnyMirrors(Closed):
    """Of any class of torchvision, by its name; `checks.mirrors` refuses other names."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra=lambda schema: schema.update(
            patternProperties={r"^[A-Z]\w*$": schema["additionalProperties"]}, additionalProperties=False
        ),
    )
    __pydantic_extra__: dict[str, Annotated[list[Address], Field(min_length=1)]]


Mirrors = create_model(
    "Mirrors",
    __base__=AnyMirrors,
    **{
        name: (
            Annotated[list[Address], Field(min_length=1, description="Addresses of folders that hold its files.")],
            None,
        )
        for name, dataset in DATASETS.items()
        if dataset.target
    },
)


class Pathvars(Closed):
    """Snakemake's own."""

    results: Annotated[
        str,
        Field(
            pattern=r"^[^{}\s][^{}\n\r\t]*$(?!\n)",
            max_length=1000,
            description="Folder, relative to the working directory or absolute.",
            **words("path of a folder, without braces"),
        ),
    ] = LEFT_OUT


class Config(Closed):
    """The keys of config/*.yaml. Files given with --configfile overlay config/config.yaml: objects are merged key by
    key, lists are replaced whole, and so is a component that names its own `_target_`. What has to hold between keys is
    checked by experiment_grid/config/checks.py and cells.py."""

    title: Annotated[Title, Field(description="Heading of the page.")] = "Classification with neural networks"
    note: Annotated[Note, Field(description="A paragraph below the heading: what these experiments are for.")] = ""
    dataset: Annotated[
        Annotated[
            Annotated[Annotated[str, Field(min_length=1, max_length=1000, examples=[*DATASETS])], Tag("<text>")]
            | Annotated[OwnDataset, Tag("<path>")]
            | Annotated[TargetDataset, Tag("<target>")],
            Discriminator(_kind_of_dataset),
        ],
        Field(
            description="The images, by name; digits comes with scikit-learn, the others are downloaded. "
            "{_target_: emnist, split: letters} has options, torchvision.datasets.EuroSAT is any other classification "
            "set there, {path: folder} has images of your own, data/mine.py:load is a function in a file.",
            **words(f"{', '.join(DATASETS)}; a target; {{_target_: a name or target, option: value}}; or {{path: …}}"),
        ),
    ] = LEFT_OUT
    mirrors: Annotated[
        Mirrors,
        Field(
            default_factory=dict,
            description="Where to download from, instead of the built-in addresses: a list of folder addresses by data "
            "set, tried in order. The environment variable MNIST_MIRROR comes before all of them.",
        ),
    ]
    gpus: Annotated[
        either(Literal["auto"], Annotated[int, *whole(0, 1024)]),
        Field(
            description="How many GPUs the machine that trains has. auto counts those of this machine; give the number "
            "where the submitting machine has none and the cluster has.",
            **words("auto, or a whole number from 0 to 1024"),
        ),
    ] = "auto"
    epoch: Annotated[
        Literal["last", "validation"],
        Field(
            description="The epoch that a seed's figures are taken from: its last one, or the first of those with the "
            "highest validation accuracy."
        ),
    ] = "last"
    partial: Annotated[
        bool,
        Field(
            description="Make the page of the cells that are finished, and run none of the others. `make "
            "report-partial` sets it."
        ),
    ] = False
    old_trainings_mb: Annotated[
        int,
        *whole(0, 1_000_000_000),
        Field(
            description="Disk space in MB for trainings that no configured cell uses any more: after a run the oldest "
            "are removed. A cell that matches a kept one is not trained again."
        ),
    ] = 10_000
    confidence: Annotated[float, Field(ge=0.5, le=0.999, description="Level of all intervals.")] = 0.95
    baseline: Annotated[
        str, Field(description="Name of the cell that the page compares with first.", **words("name of a cell"))
    ] = LEFT_OUT
    final: Annotated[
        str, Field(description="Name of the cell whose errors are shown image by image.", **words("name of a cell"))
    ] = LEFT_OUT
    reference: Annotated[
        Annotated[str, Field(min_length=1)] | None,
        Field(
            description="File with the figures and conclusions of a report to be audited (relative to the working "
            "directory), or null.",
            **words("path of a file, or null"),
        ),
    ] = LEFT_OUT
    defaults: Annotated[
        ParameterKeys,
        Field(
            description="The parameters of every cell, unless the cell says otherwise. loss, optimizer, learning_rate, "
            "batch_size, epochs, normalize, train_fraction, seeds and device must be given, here or in each cell."
        ),
    ] = LEFT_OUT
    cells: Annotated[
        list[CellKeys],
        Field(min_length=1, max_length=MOST_CELLS, description="The experiments, in the order of the page."),
    ] = LEFT_OUT
    packages: Annotated[
        list[Package],
        *UNLIKE,
        Field(
            default_factory=list,
            max_length=100,
            description="Packages beside torch and torchvision that a target may name. Their versions are part of what "
            "decides whether a cell is trained again.",
        ),
    ]
    pathvars: Annotated[
        Pathvars,
        Field(
            default_factory=dict,
            description="Snakemake's own path variables; results is the folder of everything that is written.",
        ),
    ]


REQUIRED = ("dataset", "defaults", "cells", "baseline", "final")
