# Questions about the plan and the results folder, asked through `make why`, `dag`, `stale`, `prune`, `open` and `clean`,
# and one cell alone: `make cell NAME=…`.
import os


localrules:
    cell,
    why,
    dag,
    stale,
    prune,
    open,
    clean,


def explanation(wildcards):
    return explain(plan)


def planned_jobs(wildcards):
    return [(stage, cell, plan.decision(stage, cell).why) for stage, cell in plan.jobs()]


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


rule dag:
    log:
        "<results>/logs/dag.log",
    conda:
        "../../environment.yml"
    params:
        folder=f"{plan.results}/dag",
        jobs=planned_jobs,
    script:
        "../scripts/dag.py"


rule stale:
    log:
        "<results>/logs/stale.log",
    conda:
        "../../environment.yml"
    params:
        results=str(plan.results),
        cells=stale_cells,
        delete=False,
    script:
        "../scripts/stale.py"


use rule stale as prune with:
    log:
        "<results>/logs/prune.log",
    params:
        results=str(plan.results),
        cells=stale_cells,
        delete=True,


rule open:
    log:
        "<results>/logs/open.log",
    conda:
        "../../environment.yml"
    params:
        page=f"{plan.results}/report.html",
    script:
        "../scripts/open.py"


rule clean:
    log:
        "<results>/logs/clean.log",
    conda:
        "../../environment.yml"
    params:
        results=str(plan.results),
    script:
        "../scripts/clean.py"
