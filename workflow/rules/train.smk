from experiment_grid.planning.training_priority import ranks

RANKS = ranks({name: cell.parameters for name, cell in settings.cells.items()})


rule train:
    input:
        plan=planned("train"),
        prepared=prepared("train"),
        seeds=seeds_apart,
    output:
        history="<results>/cells/{cell}/history.csv",
        checkpoints="<results>/cells/{cell}/checkpoints.safetensors",
        run="<results>/cells/{cell}/run.json",
    log:
        "<results>/logs/train/{cell}.log",
    benchmark:
        "<results>/benchmarks/train/{cell}.tsv"
    priority: lambda wildcards: RANKS[wildcards.cell]
    conda:
        "../envs/training.yml"
    threads: lambda wildcards: asked(wildcards).threads
    resources:
        **ASKED,
    params:
        no_gpu=no_gpu,
        partial=f"{plan.results}/partial/{{cell}}",
    script:
        "../scripts/train.py"
