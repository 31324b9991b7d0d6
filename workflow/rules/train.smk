from experiment.gpus import gpus_available

GPUS = gpus_available(settings.gpus)


def gpu_of_cell(wildcards):
    """1 where the cell trains on a GPU, so that `--resources gpu=N` never has more jobs on them than there are."""
    return int(GPUS > 0 and settings.cells[wildcards.cell].parameters.device != "cpu")


def memory_of_training(wildcards, attempt):
    """MB: twice what the largest cell on MNIST was seen to take (docs/performance.md), more after each failure."""
    return 2000 * attempt


def minutes_of_training(wildcards, attempt):
    return 60 * attempt


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
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        gpu=gpu_of_cell,
        mem_mb=memory_of_training,
        runtime=minutes_of_training,
    params:
        partial=f"{plan.results}/partial/{{cell}}",
    script:
        "../scripts/train.py"
