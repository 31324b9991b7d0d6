"""Values of --config have the type that the configuration declares, whatever Snakemake takes them for."""

import pytest

from experiment_grid.config.command_line import typed


@pytest.mark.parametrize("text", ["007", "no", "1:30", "1e3", "NaN", "null", "true", "0x1f", "2026-01-01"])
def test_text_stays_as_it_was_typed(text):
    given = {"cells": [{"name": text, "note": text, "epochs": "1e3"}], "defaults": {"loss": text}}
    config = typed({"title": 7.0, **given}, {"title": 7.0, **given}, {"title": text, "cells": "…"})
    assert config["title"] == text
    assert config["cells"] == [{"name": text, "note": text, "epochs": 1000}]
    assert config["defaults"] == {"loss": text}


@pytest.mark.parametrize(("text", "value"), [("1e-3", 0.001), ("0.5", 0.5), ("true", True), ("null", None)])
def test_other_values_are_read_as_yaml(text, value):
    given = {"defaults": {"dropout": text}, "cells": [{"model.width": text}], "reference": text}
    config = typed(given, given, {"reference": text})
    assert config["defaults"] == {"dropout": value}
    assert config["cells"] == [{"model.width": value}]
    assert config["reference"] == (None if value is None else text)


def test_text_of_a_file_stays_text():
    config = {"title": "x", "defaults": {"dropout": "0.5", "momentum": "0.9"}}
    assert typed(config, {"defaults": {"momentum": "0.9"}})["defaults"] == {"dropout": "0.5", "momentum": 0.9}
