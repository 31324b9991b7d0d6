# Queries of the plan and the results folder, behind `make why`, `dag`, `stale`, `prune`, `open` and `clean`,
# and one cell alone: `make cell NAME=…`. Those that only look leave nothing, also no log.


rule cell:
    input:
        lambda wildcards: queries.named_cell(CELLS, os.environ),
    localrule: True


rule why:
    log:
        os.devnull,
    localrule: True
    conda:
        "../envs/inspect.yml"
    params:
        text=lambda wildcards: explain(plan),
    script:
        "../scripts/why.py"


rule dag:
    log:
        "<results>/logs/dag.log",
    localrule: True
    conda:
        "../envs/inspect.yml"
    params:
        folder=f"{plan.results}/dag",
        jobs=lambda wildcards: [(*job, why) for job, why in plan.reasons.items()],
    script:
        "../scripts/dag.py"


rule stale:
    log:
        os.devnull,
    localrule: True
    conda:
        "../envs/inspect.yml"
    params:
        results=str(plan.results),
        cells=lambda wildcards: plan.stale(),
        trainings=lambda wildcards: queries.old_trainings(plan),
        patterns=lambda wildcards: queries.written(rules),
    script:
        "../scripts/stale.py"


rule prune:
    log:
        "<results>/logs/prune.log",
    localrule: True
    conda:
        "../envs/inspect.yml"
    params:
        results=str(plan.results),
        cells=lambda wildcards: plan.stale(),
        trainings=lambda wildcards: queries.old_trainings(plan),
        patterns=lambda wildcards: queries.written(rules),
        configured=CELLS,
    script:
        "../scripts/prune.py"


rule open:
    log:
        os.devnull,
    localrule: True
    conda:
        "../envs/inspect.yml"
    params:
        page=f"{plan.results}/report.html",
    script:
        "../scripts/open.py"


rule clean:
    log:
        "<results>/logs/clean.log",
    localrule: True
    conda:
        "../envs/inspect.yml"
    params:
        results=str(plan.results),
        patterns=lambda wildcards: queries.written(rules),
    script:
        "../scripts/clean.py"
