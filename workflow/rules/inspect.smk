# Questions about the plan and the results folder, asked through `make why`, `dag`, `stale`, `prune`, `open` and `clean`,
# and one cell alone: `make cell NAME=…`. Those that only look leave nothing, also no log.


rule cell:
    localrule: True
    input:
        lambda wildcards: queries.named_cell(CELLS, os.environ),


rule why:
    localrule: True
    log:
        os.devnull,
    conda:
        "../envs/inspect.yml"
    params:
        text=lambda wildcards: explain(plan),
    script:
        "../scripts/why.py"


rule dag:
    localrule: True
    log:
        "<results>/logs/dag.log",
    conda:
        "../envs/inspect.yml"
    params:
        folder=f"{plan.results}/dag",
        jobs=lambda wildcards: queries.reasons(plan),
    script:
        "../scripts/dag.py"


rule stale:
    localrule: True
    log:
        os.devnull,
    conda:
        "../envs/inspect.yml"
    params:
        results=str(plan.results),
        cells=lambda wildcards: plan.stale(),
        patterns=lambda wildcards: queries.written(rules),
        delete=False,
    script:
        "../scripts/stale.py"


use rule stale as prune with:
    log:
        "<results>/logs/prune.log",
    params:
        results=str(plan.results),
        cells=lambda wildcards: plan.stale(),
        patterns=lambda wildcards: queries.written(rules),
        configured=CELLS,
        delete=True,


rule open:
    localrule: True
    log:
        os.devnull,
    conda:
        "../envs/inspect.yml"
    params:
        page=f"{plan.results}/report.html",
    script:
        "../scripts/open.py"


rule clean:
    localrule: True
    log:
        "<results>/logs/clean.log",
    conda:
        "../envs/inspect.yml"
    params:
        results=str(plan.results),
        patterns=lambda wildcards: queries.written(rules),
    script:
        "../scripts/clean.py"
