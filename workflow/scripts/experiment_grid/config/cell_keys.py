"""The keys of an item of the list of cells: a cell, a grid, or a sample."""

from typing import Annotated, Any, Literal, get_type_hints

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, create_model, model_validator
from pydantic_core import PydanticCustomError

from experiment_grid.config.key_types import (
    LEFT_OUT,
    OPTION,
    UNLIKE,
    Closed,
    Name,
    Note,
    Seed,
    option_of_component,
    whole,
)
from experiment_grid.config.parameter_keys import Factors, ParameterKeys

MOST_CELLS = 20_000
FACTORS = tuple(Factors.model_fields)


def _options_schema(schema: dict[str, Any]) -> None:
    schema["patternProperties"] = {OPTION: schema.pop("additionalProperties")}
    schema["additionalProperties"] = False


def _axes_schema(schema: dict[str, Any]) -> None:
    schema["minProperties"] = 1
    _options_schema(schema)


Option = Annotated[str, BeforeValidator(option_of_component)]
Values = Annotated[list[Any], *UNLIKE, Field(min_length=1)]


class ByFactor(Closed):
    """One key at least, which is a parameter or an option of a component."""

    model_config = ConfigDict(extra="allow", json_schema_extra=_axes_schema)

    @model_validator(mode="before")
    @classmethod
    def _some(cls, given: Any) -> Any:
        if given == {}:
            raise PydanticCustomError("empty", "no key")
        return given


class Axes(ByFactor):
    """Lists of values by parameter, or by an option of a component."""

    __pydantic_extra__: dict[Option, Values]


Grid = create_model(
    "Grid",
    __base__=Axes,
    **{
        key: (Annotated[list[kind], *UNLIKE, Field(min_length=1)], None)
        for key, kind in get_type_hints(Factors, include_extras=True).items()
        if key in FACTORS
    },
)


def _ordered(bounds: list[float]) -> list[float]:
    if len(bounds) == 2 and bounds[0] >= bounds[1]:
        raise PydanticCustomError("unordered", "the lower first")
    return bounds


def _between(description: str) -> tuple[Any, ...]:
    """What makes a list two bounds, for `Annotated`."""
    return AfterValidator(_ordered), Field(min_length=2, max_length=2, description=description)


WHOLE = Annotated[int, *whole(-(10**9), 10**9)]


class Distribution(Closed):
    """What the values of a sample's axis are drawn from: one of these."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1, "maxProperties": 1})

    uniform: Annotated[list[float], *_between("Numbers from the first to the second, equally likely.")] = LEFT_OUT
    log_uniform: Annotated[
        list[Annotated[float, Field(gt=0)]], *_between("Numbers above 0 whose logarithms are uniform.")
    ] = LEFT_OUT
    int_uniform: Annotated[list[WHOLE], *_between("Whole numbers, both ends included, equally likely.")] = LEFT_OUT
    log_int_uniform: Annotated[
        list[Annotated[WHOLE, Field(ge=1)]],
        *_between("Whole numbers above 0 whose logarithms are nearly uniform."),
    ] = LEFT_OUT
    choice: Annotated[Values, Field(description="One of these values, equally likely.")] = LEFT_OUT

    @model_validator(mode="before")
    @classmethod
    def _one(cls, given: Any) -> Any:
        if isinstance(given, dict) and len(given) != 1:
            raise PydanticCustomError("one_of", "one distribution")
        return given


class Sampled(Closed):
    """Distributions by parameter, or by an option of a component, and how many cells are drawn from them."""

    model_config = ConfigDict(extra="allow", json_schema_extra=_options_schema)
    __pydantic_extra__: dict[Option, Distribution]

    number: Annotated[
        int, *whole(1, MOST_CELLS), Field(description="Number of cells. A larger number keeps the existing ones.")
    ]
    seed: Annotated[Seed, Field(description="Another seed draws other cells.")] = 1


Sample = create_model("Sample", __base__=Sampled, **dict.fromkeys(FACTORS, (Distribution, None)))


class Combination(ByFactor):
    """Values of some axes of a grid or a sample."""

    __pydantic_extra__: dict[Option, Any]


Excluded = create_model("Excluded", __base__=Combination, **dict.fromkeys(FACTORS, (Any, None)))


class NameKeys(Closed):
    """What a cell is called."""

    name: Annotated[Name, Field(description="Name of a cell: a folder below results/cells/, a row of the tables.")] = (
        LEFT_OUT
    )
    note: Annotated[Note, Field(description="A sentence on the page beside the cell's results.")] = LEFT_OUT


class CellKeys(ParameterKeys, NameKeys):
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
    ] = LEFT_OUT
    sample: Annotated[
        Sample,
        Field(
            description="Instead of a grid: as many cells as number says, with values drawn from a distribution for "
            "each parameter: uniform, log_uniform, int_uniform, log_int_uniform or choice. They are named after the "
            "item, or sample where it has no name: sample-001 and so on.",
        ),
    ] = LEFT_OUT
    exclude: Annotated[
        list[Excluded],
        Field(
            min_length=1,
            max_length=1000,
            description="Combinations that the grid or the sample leaves out: those that have all values of an entry. "
            "{above: 0.01}, {below: 1} or both are a range of numbers.",
        ),
    ] = LEFT_OUT
    step: Annotated[
        Literal["recorded", "eager"],
        Field(
            description="eager: compute every training step anew. recorded, the default, replays one that PyTorch "
            "computed (on a GPU as a CUDA graph), with the same bits, where the model allows it."
        ),
    ] = LEFT_OUT
