# Questions about the plan and the results folder, asked through `make why`, `make stale` and `make prune`, and
# one cell alone: `make cell NAME=…`.
import os


localrules:
    cell,
    why,
    stale,
    prune,


def explanation(wildcards):
    return explain(plan)


def stale_cells(wildcards):
    return plan.stale()


def named_cell(wildcards):
    name = os.environ.get("NAME", "")
    if name not in CELLS:
        sys.exit(f"NAME: no such cell; given: {name or 'nothing'}; allowed: {', '.join(CELLS)}")
    return f"<results>/cells/{name}/evaluation.csv"


rule cell:
    input:
        named_cell,


rule why:
    log:
        "<results>/logs/why.log",
    conda:
        "../../environment.yml"
    params:
        text=explanation,
    script:
        "../scripts/why.py"


rule stale:
    log:
        "<results>/logs/stale.log",
    conda:
        "../../environment.yml"
    params:
        results="<results>",
        cells=stale_cells,
        delete=False,
    script:
        "../scripts/stale.py"


use rule stale as prune with:
    log:
        "<results>/logs/prune.log",
    params:
        results="<results>",
        cells=stale_cells,
        delete=True,
