"""Every configuration that is accepted runs to the page: random configurations are drawn and run.

EXAMPLES=50 in the environment runs that many instead of 2.
"""

import html
import os
import sys
import tempfile
from pathlib import Path

import yaml
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from project import SMALL, copy_project, planned_jobs, snakemake

from experiment_grid.config.settings import load
from experiment_grid.runtime.errors import UserError

BASE = yaml.safe_load(SMALL)
BIGGEST = 1038  # batch: the training images of the digits
shares = st.sampled_from([0, sys.float_info.min, 0.5, 1 - 2**-53])
cells = st.fixed_dictionaries(
    {
        "hidden": st.lists(st.integers(1, 20), max_size=4) | st.just([1] * 64),
        "learning_rate": st.sampled_from([sys.float_info.min, 1e-30, 1000]) | st.floats(1e-3, 1),
        "batch_size": st.sampled_from([32, 64, 1037, BIGGEST]) | st.integers(16, BIGGEST),
        "epochs": st.integers(1, 2),
        "seeds": st.lists(st.integers(0, 2**31 - 1), min_size=1, max_size=2, unique=True),
        "train_fraction": st.sampled_from([0.8, 0.001, 0.9995]) | st.floats(0.1, 0.9),
        "normalize": st.booleans(),
    },
    optional={
        "note": st.text(max_size=100),
        "activation": st.sampled_from(["relu", "elu", "gelu", "prelu", "tanh", "sigmoid"]),
        "dropout": shares,
        "batch_norm": st.booleans(),
        "optimizer": st.sampled_from(["sgd", "adam", "adamw", "rmsprop", "adagrad"]),
        "loss": st.sampled_from(["nll", "cross_entropy", "mse", "multi_margin"]),
        "weight_decay": shares | st.just(1),
    },
)
names = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", fullmatch=True) | st.sampled_from(
    ["NA", "nan", "null", "1e5"]
)
configs = st.fixed_dictionaries(
    {
        "title": st.text(min_size=1, max_size=60),
        "note": st.text(max_size=300),
        "confidence": st.sampled_from([0.5, 0.95, 0.999]),
        "epoch": st.sampled_from(["last", "validation"]),
        "cells": st.dictionaries(names, cells, min_size=1, max_size=3),
        "dataset": st.just("digits"),
    }
)


def whole(drawn: dict) -> dict:
    """A complete configuration from what was drawn; refused ones are skipped."""
    named = [{"name": name, **cell} for name, cell in drawn["cells"].items()]
    config = BASE | drawn | {"cells": named, "baseline": named[0]["name"], "final": named[-1]["name"]}
    defaults = yaml.safe_load((Path(__file__).parents[2] / "config/config.yaml").read_text("utf-8"))["defaults"]
    try:
        load(config | {"defaults": defaults | BASE["defaults"]})
    except UserError:
        assume(False)
    return config


@settings(
    max_examples=int(os.environ.get("EXAMPLES", "2")),
    deadline=None,
    derandomize="EXAMPLES" not in os.environ,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(configs)
def test_what_is_accepted_reaches_the_page_and_is_kept(drawn):
    config = whole(drawn)
    with tempfile.TemporaryDirectory() as folder:
        project = copy_project(Path(folder) / "project")
        (project / "config/small.yaml").write_text(yaml.safe_dump(config), "utf-8")
        done = snakemake(project, PROGRESS="lines")
        assert done.returncode == 0, done.stdout + done.stderr
        assert html.escape(config["title"]).replace("&#x27;", "'") in (project / "results/report.html").read_text(
            "utf-8"
        ).replace("&#39;", "'").replace("&#34;", "&quot;")
        assert planned_jobs(project) == []
