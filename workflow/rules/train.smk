from configuration.gpus import gpus_available, overlooked

GPUS = gpus_available(settings.gpus)


def warn_of_no_gpu():
    """Where other machines train, none of which was asked for its GPUs."""
    devices = {cell.parameters.device for cell in settings.cells.values()}
    warning = workflow.non_local_exec and overlooked(settings.gpus, GPUS, devices)
    if warning:
        logger.warning(warning)


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
        # 1 where the cell trains on a GPU, so that `--resources gpu=N` never has more jobs on them than there are.
        gpu=lambda wildcards: int(GPUS > 0 and settings.cells[wildcards.cell].parameters.device != "cpu"),
    params:
        partial=f"{plan.results}/partial/{{cell}}",
    script:
        "../scripts/train.py"
