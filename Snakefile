# The workflow's table of contents: the configuration comes in, the rules follow, `all` lists what a run produces.
from pathlib import Path

from snakemake.utils import min_version

min_version("9.20.0")


include: "workflow/rules/start.smk"


configfile: "config/config.yaml"


pathvars:
    results="results",


include: "workflow/rules/plan.smk"
include: "workflow/rules/download.smk"
include: "workflow/rules/prepare.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/train_seed.smk"
include: "workflow/rules/evaluate.smk"
include: "workflow/rules/timing.smk"
include: "workflow/rules/compare.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/errors.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/record.smk"
include: "workflow/rules/inspect.smk"


rule all:
    default_target: True
    input:
        "<results>/report.html",
        "<results>/comparison.csv",
        "<results>/effects.csv",
        "<results>/reference.csv",
        "<results>/timing.csv",
        "<results>/ro-crate-metadata.json",
