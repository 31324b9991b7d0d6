"""The key `augment`: every form of it, a factor like any other, and that a cell without one stays the same."""

import pytest
from configs import cells_of, error_of, load_overlay
from project import parameters

from experiment_grid.config.columns import flat

V2 = "torchvision.transforms.v2"


def augment(tmp_path, text: str):
    return cells_of(tmp_path, f"name: x, augment: {text}")["x"].parameters.augment


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("[]", "null"),
        ("RandomInvert", "[RandomInvert]"),
        ("RandomInvert", f"{{_target_: {V2}.RandomInvert, p: 0.5}}"),
        ("{_target_: RandomRotation, degrees: 5.0}", "[{_target_: RandomRotation, degrees: 5, expand: false}]"),
    ],
)
def test_equal_ones_are_equal_however_they_are_written(tmp_path, text, same):
    assert augment(tmp_path, text) == augment(tmp_path, same)


def test_recipe_and_table_name_it_only_where_there_is_one(tmp_path):
    assert "augment" not in parameters() and "augment" not in parameters(augment=[])
    assert parameters(augment="RandomInvert")["augment"] == [{"_target_": f"{V2}.RandomInvert", "p": 0.5}]
    found = cells_of(tmp_path, "name: x", "name: y, augment: [{_target_: RandomInvert, p: 0.1}, RandomPerspective]")
    columns = flat({name: cell.parameters for name, cell in found.items()})
    assert columns["x"]["augment"] == "none"
    assert columns["y"]["augment"] == "RandomInvert(p=0.1) + RandomPerspective"
    assert "augment" not in flat({"x": found["x"].parameters})["x"]


def test_it_is_an_axis_whose_names_are_short(tmp_path):
    values = "[[], RandomInvert, [{_target_: RandomRotation, degrees: 5}, RandomInvert]]"
    found = cells_of(tmp_path, "name: x, epochs: 3", f"grid: {{augment: {values}}}")
    assert [*found] == [
        "x",
        "augment-none",
        "augment-RandomInvert",
        "augment-RandomRotation-degrees-5-RandomInvert",
    ]


def test_a_cell_and_an_overlay_replace_it_whole(tmp_path):
    defaults = "defaults: {augment: {_target_: RandomRotation, degrees: 5}}\n"
    found = cells_of(tmp_path, "name: x", "name: y, augment: []", more=defaults)
    assert [len(cell.parameters.augment) for cell in found.values()] == [1, 0]
    more = "defaults: {augment: RandomInvert}\n"
    found = load_overlay(tmp_path, f"{defaults}baseline: x\nfinal: x\ncells: [{{name: x}}]\n", more).cells
    assert [one.target for one in found["x"].parameters.augment] == [f"{V2}.RandomInvert"]
    more = "defaults: {augment: {_target_: RandomAffine, degrees: 9}}\n"
    found = load_overlay(tmp_path, f"{defaults}baseline: x\nfinal: x\ncells: [{{name: x}}]\n", more).cells
    (one,) = found["x"].parameters.augment
    assert one.options["degrees"] == 9 and "expand" not in one.options


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("3", "augment: must be a list or text or key: value pairs or null; given: 3; allowed: a list, one, or null;"),
        ("[3]", "augment[0]: is not valid; given: 3; allowed: a class of torchvision.transforms.v2; a target such as"),
        ("RandomAfine", f"augment: no such class or function by this name in {V2} (did you mean RandomAffine?)"),
        ("[a b]", f'augment[0]: is not one of those known; given: "a b"; allowed: a class of {V2}; or a target'),
        ("RandomAffine", "augment.degrees: is missing: an option of RandomAffine, the augmentation of cell x"),
        ("{degrees: 3}", "augment._target_: is missing: the augment of cell x; allowed: a name or a target"),
        (
            "[{_target_: RandomInvert, q: 1}]",
            "augment[0].q: unknown option of RandomInvert, the augmentation of cell x",
        ),
        ("{_target_: RandomErasing, p: 3}", "augment.p: is refused by RandomErasing, the augmentation of cell x"),
        ("[a/b.py:C]", 'augment[0]: names no file; given: "a/b.py:C"; allowed: path of a Python file'),
    ],
)
def test_what_is_wrong_is_one_line(tmp_path, text, line):
    overlay = f"baseline: x\nfinal: x\ncells: [{{name: x, augment: {text}}}]"
    assert f"cells[0].{line}" in error_of(tmp_path, overlay)
