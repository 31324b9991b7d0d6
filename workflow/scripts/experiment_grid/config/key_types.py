"""Types of the values of keys, and what they have in common: see `keys`."""

import json
import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag
from pydantic_core import PydanticCustomError

from experiment_grid.config import annotations
from experiment_grid.config.labels import AUGMENT, COMPONENTS
from experiment_grid.config.shortnames import SHORT_NAMES
from experiment_grid.runtime.records import CELL_NAME
from experiment_grid.source_code import signatures

LEFT_OUT: Any = None  # the default of a key that may be left out; null is not a value of it
OPTION = rf"^({'|'.join(COMPONENTS)})\.[A-Za-z_][A-Za-z0-9_]*$(?!\n)"
NAME: dict[str, Any] = {
    "pattern": rf"^{CELL_NAME}$(?!\n)",
    "longest": 100,
    "allowed": "letters, digits, '.', '_' and '-', starting with a letter or digit, at most 100 characters",
}
EXAMPLES = {
    "model": "torchvision.models.resnet18 or models/lenet.py:LeNet",
    "loss": "torch.nn.CrossEntropyLoss or models/focal.py:Focal",
    "optimizer": "torch.optim.RMSprop or models/lion.py:Lion",
    AUGMENT: "transforms/shift.py:Shift",
    "schedule": "torch.optim.lr_scheduler.PolynomialLR or schedules/noam.py:Noam",
}


def _whole(value: Any) -> Any:
    """YAML's 64.0 is a whole number too."""
    return int(value) if type(value) is float and value.is_integer() else value


def whole(least: int, most: int) -> tuple[Any, ...]:
    """What makes an int a whole number from `least` to `most`, for `Annotated`."""
    return Field(ge=least, le=most), BeforeValidator(_whole)


def of_signature(component: str, name: str, option: str) -> Any:
    """The type of an option of a built-in component, as its signature has it."""
    return _type(annotations.kind_of(signatures.annotation(SHORT_NAMES[component][name], option)))


def _type(kind: annotations.Kind) -> Any:
    limits = Field(**dict(kind.limits))
    match kind.what:
        case "array":
            return Annotated[list[_type(kind.parts[0])], limits]
        case "literal":
            return Literal[kind.parts]
        case "integer":
            return Annotated[int, limits, BeforeValidator(_whole)]
        case "number":
            return Annotated[float, limits]
    return bool


def _unlike(values: list[Any]) -> list[Any]:
    if len({json.dumps(annotations.alike(value), sort_keys=True) for value in values}) < len(values):
        raise PydanticCustomError("duplicates", "two alike")
    return values


def option_of_component(key: str) -> str:
    """A key that is not a parameter but an option of a component: model.channels."""
    if not re.fullmatch(OPTION, key):
        raise PydanticCustomError("unknown_key", "unknown key")
    return key


def words(allowed: str, **more: Any) -> dict[str, Any]:
    """Arguments of a Field: what is allowed, as the user's line has it."""
    return {"json_schema_extra": {"allowed": allowed}, **more}


def either(text: Any, mapping: Any) -> Any:
    """One thing or, where the value is a mapping or for gpus a number, another; the tags are not part of a key path."""

    def kind(value: Any) -> str:
        return "<text>" if isinstance(value, str) or not isinstance(value, dict | int | float) else "<other>"

    return Annotated[Annotated[text, Tag("<text>")] | Annotated[mapping, Tag("<other>")], Discriminator(kind)]


def component(name: str) -> Any:
    """The type of a component's value: a short name, a target, or a mapping with options."""
    short = "a class of torchvision.transforms.v2" if name == AUGMENT else ", ".join(SHORT_NAMES[name])
    allowed = f"{short}; a target such as {EXAMPLES[name]}; or {{_target_: one of these, option: value}}"
    target = Annotated[str, Field(min_length=1, max_length=1000)]
    return Annotated[either(target, dict[str, Any]), Field(**words(allowed))]


def components(name: str) -> Any:
    """The type of a list of components; one without a list, and null for none, are other ways to write it."""
    single = component(name)
    allowed = f"a list, one, or null; each {single.__metadata__[-1].json_schema_extra['allowed']}"
    types = {"type": ["array", "string", "object", "null"]}
    return Annotated[
        list[single], BeforeValidator(as_list), Field(max_length=20, json_schema_extra={"allowed": allowed, **types})
    ]


def as_list(value: Any) -> Any:
    """What is one of a list, or nothing, as a list."""
    return [] if value is None else [value] if isinstance(value, str | dict) else value


class Closed(BaseModel):
    """Keys that are not known are refused, and no value is taken for one of another type."""

    model_config = ConfigDict(
        extra="forbid", strict=True, protected_namespaces=(), regex_engine="python-re", defer_build=True
    )


UNLIKE = [AfterValidator(_unlike), Field(json_schema_extra={"uniqueItems": True})]
Name = Annotated[str, Field(pattern=NAME["pattern"], max_length=NAME["longest"], **words(NAME["allowed"]))]
# Something in it can be seen: spaces, and characters without width or ink, are not enough.
INVISIBLE = (
    r"\s\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2060-\u2065\u206a-\u206f\u2800\u3164"
    "\ufe00-\ufe0f\uffa0\U000e0000-\U000e0fff"  # Unicode's Default_Ignorable_Code_Point, and blanks that it leaves out
)
Title = Annotated[
    str,
    Field(
        min_length=1,
        max_length=200,
        pattern=rf"^[^\n\r\t]*[^{INVISIBLE}][^\n\r\t]*$(?!\n)",
        **words("one line of text of 1 to 200 characters"),
    ),
]
Note = Annotated[str, Field(max_length=5000)]
Seed = Annotated[int, *whole(0, 2147483647)]
Address = Annotated[
    str,
    Field(
        pattern=r"^(https?://[^/\s]+|file:///)\S*$(?!\n)",
        max_length=2000,
        **words("an address that starts with https://, http:// or file:///"),
    ),
]
Package = Annotated[
    str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$(?!\n)", max_length=100, **words("name of a package, as in `import`"))
]
