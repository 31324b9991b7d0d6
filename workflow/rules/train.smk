from experiment_grid.planning.order import ranks

RANKS = ranks({name: cell.parameters for name, cell in settings.cells.items()})


rule train:
    input:
        plan=planned("train"),
        prepared=prepared("train"),
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
    threads: 1
    resources:
        # 1 where the cell trains on a GPU, so that `--resources gpu=N` never has more jobs on them than there are.
        gpu=lambda wildcards: int(
            GPUS > 0 and settings.cells[wildcards.cell].parameters.device != "cpu" and not no_gpu(wildcards)
        ),
    params:
        no_gpu=no_gpu,
        partial=f"{plan.results}/partial/{{cell}}",
    script:
        "../scripts/train.py"
