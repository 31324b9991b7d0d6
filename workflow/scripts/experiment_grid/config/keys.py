"""Every key of the configuration: type, range, default and description, in one place.

`validation` turns what pydantic finds into this project's lines; `describe` makes the JSON Schema for editors and
`config/README.md` from these classes.
"""

from typing import Annotated, Any, Literal, get_type_hints

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    create_model,
    model_validator,
)
from pydantic_core import PydanticCustomError

from experiment_grid.config.kinds import (
    OPTION,
    UNLIKE,
    Address,
    Closed,
    Name,
    Note,
    Package,
    Seed,
    Title,
    component,
    components,
    either,
    of_signature,
    option_of_component,
    whole,
    words,
)
from experiment_grid.data.datasets import DATASETS

MOST_CELLS = 20_000


class Numbers(Closed):
    """What a cell trains with beside its components."""

    learning_rate: Annotated[float, Field(gt=0, le=1000, description="Step size.")] = None
    batch_size: Annotated[
        whole(1, 10_000_000), Field(description="Images per step; at most the number of training images.")
    ] = None
    epochs: Annotated[whole(1, 100_000), Field(description="Passes over the training images.")] = None
    patience: Annotated[
        whole(1, 100_000) | None,
        Field(
            description="Stop a seed's training after so many epochs without a higher validation accuracy than before; "
            "null trains all epochs. Seeds may stop at different epochs.",
            **words("a whole number from 1 to 100000, or null"),
        ),
    ] = None
    gradient_clip: Annotated[
        Annotated[float, Field(gt=0, le=1e9)] | None,
        Field(
            description="Largest norm of the gradient of all weights together: a longer one is scaled down to it. null "
            "leaves gradients as they are.",
            **words("a number above 0 to 1000000000, or null"),
        ),
    ] = None
    l1: Annotated[
        float,
        Field(
            ge=0,
            le=1,
            description="Factor of the sum of the weights' absolute values that is added to the loss, before "
            "gradient_clip; the losses that are reported are without it.",
        ),
    ] = 0.0
    amp: Annotated[
        Literal["bf16"] | None,
        Field(
            description="bf16: in training the model's products are in bfloat16 (torch.autocast); weights, loss, "
            "validation and test are in float32. null: all are.",
            **words("bf16, or null"),
        ),
    ] = None
    tf32: Annotated[
        bool, Field(description="Products of a GPU by TF32, with 10 bits of mantissa instead of float32's 23.")
    ] = False
    deterministic: Annotated[
        bool,
        Field(
            description="Only kernels of a GPU that give the same bits every time; a model without such ends with a "
            "line. On a CPU they do."
        ),
    ] = False
    normalize: Annotated[
        either(Literal["channels"], bool),
        Field(
            description="Pixels from -1 to 1, (pixel/255 - 0.5)/0.5, instead of from 0 to 1. channels: less the mean, "
            "divided by the standard deviation of each colour over all training images.",
            **words("true, false, or channels"),
        ),
    ] = None
    train_fraction: Annotated[
        float,
        Field(
            gt=0,
            lt=1,
            description="Share of the training images that is trained on; the rest validates. At least one image must "
            "be left for each.",
        ),
    ] = None
    seeds: Annotated[
        list[Seed],
        *UNLIKE,
        AfterValidator(lambda seeds: tuple(sorted(seeds))),  # a seed's training does not depend on the others
        Field(
            min_length=1,
            max_length=1000,
            description="A cell is trained once for each seed, which fixes split, initial weights and order of the "
            "images. Several seeds give intervals.",
        ),
    ] = None
    device: Annotated[
        Literal["auto", "cpu", "cuda", "mps"],
        Field(description="auto trains on a GPU where there is one. mps is the GPU of a Mac, which auto leaves."),
    ] = None


class Handling(Closed):
    """How a cell is trained and what is kept of it: no factors, since they change no figure. But threads do, in the
    last bits."""

    threads: Annotated[
        whole(1, 1024),
        Field(
            description="Cores that a training computes with; what it computes depends on the number in the last bits. "
            "Two are 1.3 to 1.6 times as fast as one; cells side by side, or seeds with split_seeds, use cores fully."
        ),
    ] = 1
    mem_mb: Annotated[
        whole(1, 10_000_000),
        Field(
            description="Memory that a training asks for, in MB, of a cluster or of --resources mem_mb=N. A second try "
            "asks for twice as much."
        ),
    ] = 3000
    runtime: Annotated[
        whole(1, 1_000_000),
        Field(description="Minutes that a training asks a cluster for. A second try asks for twice as much."),
    ] = 60

    split_seeds: Annotated[
        bool,
        Field(
            description="Train each seed in a job of its own, so that several cores or GPUs share a cell, and a "
            "further seed trains alone. The bits are the same. Weights of each seed stay below seeds/ too: twice the "
            "disk."
        ),
    ] = False
    keep: Annotated[
        Literal["all", "chosen"],
        Field(
            description="Weights that stay: those of all epochs, or those of each seed's chosen epoch (key epoch), "
            "which is less on the disk; the page has no test figures of other epochs then."
        ),
    ] = "all"


class Components(Closed):
    """What a cell is made of, and options of these that have a key of their own."""

    model: Annotated[
        component("model"),
        Field(
            description="The network. mlp has fully connected layers, linear none but the output, cnn convolutions. Or "
            "a target: a class or function in torchvision, or in a file of your own. It is called with its options, "
            "and with input_shape (channels, height, width) and classes where its signature has them."
        ),
    ] = None
    hidden: Annotated[
        of_signature("model", "mlp", "hidden"),
        Field(
            description="Option of the model: widths of the hidden layers, from the images on; the output layer is not "
            "among them. [] is a linear classifier."
        ),
    ] = None
    activation: Annotated[
        of_signature("model", "mlp", "activation"),
        Field(description="Option of the model: function after each hidden layer."),
    ] = None
    dropout: Annotated[
        of_signature("model", "mlp", "dropout"),
        Field(description="Option of the model: share of the hidden values that is set to 0 while it trains."),
    ] = None
    batch_norm: Annotated[
        of_signature("model", "mlp", "batch_norm"),
        Field(description="Option of the model: batch normalization before each activation."),
    ] = None
    loss: Annotated[
        component("loss"),
        Field(
            description="What training minimises. nll is the negative log-likelihood over log-softmax, cross_entropy "
            "the same in one piece; mse the squared error of the probabilities against one-hot labels; multi_margin "
            "the multi-class hinge loss of the logits. Or a target: a class that is made with its options and called "
            "with (logits, labels), or a function."
        ),
    ] = None
    optimizer: Annotated[
        component("optimizer"),
        Field(
            description="How a gradient becomes a step. Or a target: it is called with the model's parameters, "
            "lr=learning_rate and its options."
        ),
    ] = None
    momentum: Annotated[
        float,
        Field(
            ge=0,
            lt=1,
            description="Option of the optimizer: share of the previous step that is added to the next. adam and adamw "
            "have none: a value inherited from defaults does not count for them.",
        ),
    ] = None
    weight_decay: Annotated[
        float,
        Field(
            ge=0,
            le=1,
            description="Option of the optimizer: factor of the weights that is added to the gradient (adamw: taken "
            "off the weights themselves).",
        ),
    ] = None
    schedule: Annotated[
        component("schedule"),
        Field(
            description="How the learning rate changes while a cell trains. none: not at all; step: by gamma every "
            "step_size epochs; exponential: by gamma every epoch; cosine: down to eta_min; one_cycle: up to "
            "learning_rate and down. Or a target: a scheduler of torch.optim.lr_scheduler, or of your own. Each has "
            "the options warmup (in epochs) and interval (epoch or step)."
        ),
    ] = None
    augment: Annotated[
        components("augment"),
        Field(
            description="Changes of the training images, one after the other: classes of torchvision.transforms.v2 by "
            "name, or targets. Each is called with a batch, uint8 [B, C, H, W], and gives the same shape and type; "
            "a transform of torchvision draws once for all images of a batch. Drawn from the seed; validation and test "
            "images stay as they are.",
        ),
    ] = None


OPTIONAL = ("patience", "gradient_clip", "l1", "amp", "tf32", "deterministic")  # numbers that a config may leave out


class Factors(Numbers, Components):
    """What a cell trains with."""


class Parameters(Handling, Factors):  # whose fields come behind
    """What `defaults` and a cell may give."""


NAMES = tuple(Parameters.model_fields)


def _options_schema(schema: dict[str, Any]) -> None:
    schema["patternProperties"] = {OPTION: schema.pop("additionalProperties")}
    schema["additionalProperties"] = False


def _axes_schema(schema: dict[str, Any]) -> None:
    schema["minProperties"] = 1
    _options_schema(schema)


Option = Annotated[str, BeforeValidator(option_of_component)]


class Axes(Closed):
    """Lists of values by parameter, or by an option of a component."""

    model_config = ConfigDict(extra="allow", json_schema_extra=_axes_schema)
    __pydantic_extra__: dict[Option, Annotated[list[Any], *UNLIKE, Field(min_length=1)]]

    @model_validator(mode="before")
    @classmethod
    def _some(cls, axes: Any) -> Any:
        if axes == {}:
            raise PydanticCustomError("empty", "no axis")
        return axes


Grid = create_model(
    "Grid",
    __base__=Axes,
    **{
        key: (Annotated[list[kind], *UNLIKE, Field(min_length=1)], None)
        for key, kind in get_type_hints(Factors, include_extras=True).items()
        if key in Factors.model_fields
    },
)


class Named(Closed):
    """What a cell is called."""

    name: Annotated[Name, Field(description="Name of a cell: a folder below results/cells/, a row of the tables.")] = (
        None
    )
    note: Annotated[Note, Field(description="A sentence on the page beside the cell's results.")] = None


class Cell(Parameters, Named):
    """One experiment: a name, and the parameters in which it differs from defaults; model.channels is an option."""

    model_config = ConfigDict(extra="allow", json_schema_extra=_options_schema)
    __pydantic_extra__: dict[Option, Any]

    grid: Annotated[
        Grid,
        Field(
            description="Lists of values by parameter: a cell for every combination, named after its values "
            "(lr-0.005_batch-64; a name given beside the grid comes in front: wide-lr-0.005). An option of a component "
            "is an axis by its full name: model.channels, optimizer.nesterov.",
        ),
    ] = None
    step: Annotated[
        Literal["recorded", "eager"],
        Field(
            description="eager: compute every training step anew. recorded, the default, replays one that PyTorch "
            "computed (on a GPU as a CUDA graph), with the same bits, where the model allows it."
        ),
    ] = None


class AnyDataset(Closed):
    """What every data set but a name alone may say."""

    name: Annotated[
        Name, Field(description="What to call the data set, where its own name is not wanted: a folder of the results.")
    ] = None
    test_fraction: Annotated[
        float,
        Field(
            gt=0,
            lt=1,
            description="Share of each class to test with, where images come in one piece; 0.2 where this is left out.",
        ),
    ] = None
    size: Annotated[
        whole(1, 1024), Field(description="Side in pixels that all images are resized to, where their sizes differ.")
    ] = None


class OwnDataset(AnyDataset):
    """Images of one's own."""

    path: Annotated[
        str,
        Field(
            min_length=1,
            max_length=1000,
            description="Folder with class folders, in train/ and test/ or with a test_fraction; folder with the four "
            "IDX files of MNIST's names, plain or as .gz; or an .npz file. Relative to the working directory.",
        ),
    ]


class TargetDataset(AnyDataset):
    """A class of torchvision.datasets, or a function in a file, with options."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra=lambda schema: schema.update(
            required=["_target_"],
            properties=schema["properties"] | {"_target_": {"description": "Name or target.", "type": "string"}},
        ),
    )


def _kind_of_dataset(value: Any) -> str:
    if isinstance(value, dict):
        return "<target>" if "_target_" in value else "<path>"
    return "<text>"


Mirrors = create_model(
    "Mirrors",
    __base__=Closed,
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
    ] = None


class Config(Closed):
    """What config/*.yaml may say. Files given with --configfile overlay config/config.yaml: objects are merged key by
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
    ] = None
    mirrors: Annotated[
        Mirrors,
        Field(
            default_factory=dict,
            description="Where to download from, instead of the built-in addresses: a list of folder addresses by data "
            "set, tried in order. The environment variable MNIST_MIRROR comes before all of them.",
        ),
    ]
    gpus: Annotated[
        either(Literal["auto"], whole(0, 1024)),
        Field(
            description="How many GPUs the machine has that trains. auto counts those of this machine; write the "
            "number where the submitting machine has none and the cluster has.",
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
        whole(0, 1_000_000_000),
        Field(
            description="MB that trainings may take which no configured cell has any more: the oldest are removed "
            "after a run. A cell that is one of them again doesn't train."
        ),
    ] = 10_000
    confidence: Annotated[float, Field(ge=0.5, le=0.999, description="Level of all intervals.")] = 0.95
    baseline: Annotated[
        str, Field(description="Name of the cell that the page compares with first.", **words("name of a cell"))
    ] = None
    final: Annotated[
        str, Field(description="Name of the cell whose errors are shown image by image.", **words("name of a cell"))
    ] = None
    reference: Annotated[
        Annotated[str, Field(min_length=1)] | None,
        Field(
            description="File with the figures and conclusions of a report to be audited (relative to the working "
            "directory), or null.",
            **words("path of a file, or null"),
        ),
    ] = None
    defaults: Annotated[
        Parameters,
        Field(
            description="The parameters of every cell, unless the cell says otherwise. loss, optimizer, learning_rate, "
            "batch_size, epochs, normalize, train_fraction, seeds and device must be given, here or in each cell."
        ),
    ] = None
    cells: Annotated[
        list[Cell], Field(min_length=1, max_length=MOST_CELLS, description="The experiments, in the order of the page.")
    ] = None
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
