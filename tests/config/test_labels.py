"""Every parameter and every factor has a name in words, without being told one."""

from experiment_grid.config.labels import ASKED, DIFFERENCES, FACTORS, PARAMETERS, TITLES
from experiment_grid.config.parameters import NAMES


def test_names_come_from_the_parameters():
    assert list(PARAMETERS) == list(NAMES)
    assert set(FACTORS) == {*NAMES, "depth", "width"} - {"seeds"}
    assert PARAMETERS["weight_decay"] == FACTORS["weight_decay"] == "weight decay"
    assert (PARAMETERS["normalize"], FACTORS["normalize"]) == ("normalised", "normalisation")


def test_words_are_about_what_is_there():
    assert set(TITLES) <= set(NAMES)
    assert {*DIFFERENCES, *ASKED} <= set(FACTORS)
    assert list(FACTORS)[: len(ASKED)] == list(ASKED)
