from experiment_grid.planning.order import ranks

RANKS = ranks({name: cell.parameters for name, cell in settings.cells.items()})


def seeds_apart(wildcards):
    """Where the seeds of a cell are trained apart: their files."""
    names = ("history.csv", "checkpoints.safetensors", "run.json")
    files = [f"seeds/{seed}/{name}" for seed in SPLIT.get(wildcards.cell, ()) for name in names]
    return inputs("train", files)(wildcards)


def asked(wildcards):
    """What a job asks for: the keys of its cell; a core where it only puts seeds together that were trained apart."""
    parameters = settings.cells[wildcards.cell].parameters
    gathers = wildcards.cell in SPLIT and not wildcards.get("seed")
    return parameters.model_copy(update={"threads": 1, "device": "cpu"}) if gathers else parameters


ASKED = {
    # For Slurm, where the profile's `cores: 1` bounds `threads`.
    "cpus_per_task": lambda wildcards: asked(wildcards).threads,
    "mem_mb": lambda wildcards, attempt: attempt * asked(wildcards).mem_mb,
    "runtime": lambda wildcards, attempt: attempt * asked(wildcards).runtime,
    # 1 where the cell trains on a GPU, so that `--resources gpu=N` never has more jobs on them than there are.
    "gpu": lambda wildcards: int(GPUS > 0 and asked(wildcards).device != "cpu" and not no_gpu(wildcards)),
}


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
