"""The keys that say what a cell trains with, and how it is handled: type, range, default and description of each."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from experiment_grid.config.key_types import (
    LEFT_OUT,
    UNLIKE,
    Closed,
    Seed,
    component,
    components,
    either,
    of_signature,
    whole,
    words,
)


class TrainingKeys(Closed):
    """What a cell trains with, without its components."""

    learning_rate: Annotated[float, Field(gt=0, le=1000, description="Step size.")] = LEFT_OUT
    batch_size: Annotated[
        int, *whole(1, 10_000_000), Field(description="Images per step; at most the number of training images.")
    ] = LEFT_OUT
    epochs: Annotated[int, *whole(1, 100_000), Field(description="Passes over the training images.")] = LEFT_OUT
    patience: Annotated[
        Annotated[int, *whole(1, 100_000)] | None,
        Field(
            description="Stop a seed's training after so many epochs without a higher validation accuracy than before; "
            "null trains all epochs. Seeds may stop at different epochs.",
            **words("a whole number from 1 to 100000, or null"),
        ),
    ] = LEFT_OUT
    gradient_clip: Annotated[
        Annotated[float, Field(gt=0, le=1e9)] | None,
        Field(
            description="Largest norm of the gradient of all weights together: a longer one is scaled down to it. null "
            "leaves gradients as they are.",
            **words("a number above 0 to 1000000000, or null"),
        ),
    ] = LEFT_OUT
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
    ] = LEFT_OUT
    tf32: Annotated[
        bool, Field(description="Products of a GPU by TF32, with 10 bits of mantissa instead of float32's 23.")
    ] = False
    deterministic: Annotated[
        bool,
        Field(
            description="Use only GPU kernels that give the same bits every time; a model that needs others stops with "
            "an error. On a CPU the bits are always the same."
        ),
    ] = False
    normalize: Annotated[
        either(Literal["channels"], bool),
        Field(
            description="Pixels from -1 to 1, (pixel/255 - 0.5)/0.5, instead of from 0 to 1. channels: less the mean, "
            "divided by the standard deviation of each colour over all training images.",
            **words("true, false, or channels"),
        ),
    ] = LEFT_OUT
    train_fraction: Annotated[
        float,
        Field(
            gt=0,
            lt=1,
            description="Share of the training images that is trained on; the rest validates. At least one image must "
            "be left for each.",
        ),
    ] = LEFT_OUT
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
    ] = LEFT_OUT
    device: Annotated[
        Literal["auto", "cpu", "cuda", "mps"],
        Field(
            description="auto: a GPU where there is one, else the CPU. mps: the GPU of a Mac, which auto never uses."
        ),
    ] = LEFT_OUT


class Handling(Closed):
    """How a cell is trained and what is kept of it: no factors, since they change no figure beyond the last bits."""

    threads: Annotated[
        int,
        *whole(1, 1024),
        Field(
            description="Cores of a training; the last bits of its results depend on the number. Two are 1.3 to 1.6 "
            "times as fast as one; cells side by side, or seeds with split_seeds, use cores fully."
        ),
    ] = 1
    mem_mb: Annotated[
        int,
        *whole(1, 10_000_000),
        Field(
            description="Memory in MB that a training requests from a cluster, or of --resources mem_mb=N; at a second "
            "attempt twice as much."
        ),
    ] = 3000
    runtime: Annotated[
        int,
        *whole(1, 1_000_000),
        Field(description="Minutes that a training requests from a cluster; at a second attempt twice as many."),
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
    ] = LEFT_OUT
    hidden: Annotated[
        of_signature("model", "mlp", "hidden"),
        Field(
            description="Option of the model: widths of the hidden layers, from the images on; the output layer is not "
            "among them. [] is a linear classifier."
        ),
    ] = LEFT_OUT
    activation: Annotated[
        of_signature("model", "mlp", "activation"),
        Field(description="Option of the model: function after each hidden layer."),
    ] = LEFT_OUT
    dropout: Annotated[
        of_signature("model", "mlp", "dropout"),
        Field(description="Option of the model: share of the hidden values that is set to 0 while it trains."),
    ] = LEFT_OUT
    batch_norm: Annotated[
        of_signature("model", "mlp", "batch_norm"),
        Field(description="Option of the model: batch normalization before each activation."),
    ] = LEFT_OUT
    loss: Annotated[
        component("loss"),
        Field(
            description="What training minimizes. nll is the negative log-likelihood over log-softmax, cross_entropy "
            "the same in one piece; mse the squared error of the probabilities against one-hot labels; multi_margin "
            "the multi-class hinge loss of the logits. Or a target: a class that is made with its options and called "
            "with (logits, labels), or a function."
        ),
    ] = LEFT_OUT
    optimizer: Annotated[
        component("optimizer"),
        Field(
            description="How a gradient becomes a step. Or a target: it is called with the model's parameters, "
            "lr=learning_rate and its options."
        ),
    ] = LEFT_OUT
    momentum: Annotated[
        float,
        Field(
            ge=0,
            lt=1,
            description="Option of the optimizer: share of the previous step that is added to the next. adam and adamw "
            "have none: a value inherited from defaults does not count for them.",
        ),
    ] = LEFT_OUT
    weight_decay: Annotated[
        float,
        Field(
            ge=0,
            le=1,
            description="Option of the optimizer: factor of the weights that is added to the gradient (adamw: taken "
            "off the weights themselves).",
        ),
    ] = LEFT_OUT
    schedule: Annotated[
        component("schedule"),
        Field(
            description="How the learning rate changes while a cell trains. none: not at all; step: by gamma every "
            "step_size epochs; exponential: by gamma every epoch; cosine: down to eta_min; one_cycle: up to "
            "learning_rate and down. Or a target: a scheduler of torch.optim.lr_scheduler, or of your own. Each has "
            "the options warmup (in epochs) and interval (epoch or step)."
        ),
    ] = LEFT_OUT
    augment: Annotated[
        components("augment"),
        Field(
            description="Changes of the training images, one after the other: classes of torchvision.transforms.v2 by "
            "name, or targets. Each is called with a batch, uint8 [B, C, H, W], and gives the same shape and type; "
            "a transform of torchvision draws once for all images of a batch. Drawn from the seed; validation and test "
            "images stay as they are.",
        ),
    ] = LEFT_OUT


OPTIONAL = ("patience", "gradient_clip", "l1", "amp", "tf32", "deterministic")  # numbers that a config may leave out


class Factors(TrainingKeys, Components):
    """What a cell trains with."""


class ParameterKeys(Handling, Factors):  # whose fields come behind
    """What `defaults` and a cell may give."""


NAMES = tuple(ParameterKeys.model_fields)
