# Questions about the plan and the results folder, asked through `make why`, `make stale` and `make prune`.
localrules:
    why,
    stale,
    prune,


def explanation(wildcards):
    return explain(plan)


def stale_cells(wildcards):
    return plan.stale()


rule why:
    params:
        text=explanation,
    log:
        "<results>/logs/why.log",
    conda:
        "../../environment.yml"
    script:
        "../scripts/why.py"


rule stale:
    params:
        results="<results>",
        cells=stale_cells,
        delete=False,
    log:
        "<results>/logs/stale.log",
    conda:
        "../../environment.yml"
    script:
        "../scripts/stale.py"


use rule stale as prune with:
    params:
        results="<results>",
        cells=stale_cells,
        delete=True,
    log:
        "<results>/logs/prune.log",
