# Runs after all training and before the analysis; takes every core, so that nothing runs beside it.
rule timing:
    input:
        plan=planned("timing"),
        prepared=prepared("timing"),
        trained=compared("timing", "run.json"),
    output:
        timing=report(
            "<results>/timing.csv",
            caption="../report/table.rst",
            category="Tables",
            labels={"table": "How long a step takes"},
        ),
        rounds="<results>/timing/rounds.csv",
        record="<results>/timing/timing.json",
    log:
        "<results>/logs/timing.log",
    benchmark:
        "<results>/benchmarks/timing.tsv"
    priority: 1  # before errors, which then runs beside compare
    conda:
        "../envs/training.yml"
    threads: lambda wildcards: engine.cores(workflow) or 1
    resources:
        gpu=int(GPUS > 0),
    params:
        cells=COMPARED,
    script:
        "../scripts/timing.py"
