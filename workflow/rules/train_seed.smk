# One seed of a cell with `split_seeds: true`; the cell's train job gathers the seeds.
rule train_seed:
    input:
        plan=planned("train_seed"),
        prepared=prepared("train_seed"),
    output:
        history="<results>/seeds/{cell}/{seed}/history.csv",
        checkpoints="<results>/seeds/{cell}/{seed}/checkpoints.safetensors",
        run="<results>/seeds/{cell}/{seed}/run.json",
    log:
        "<results>/logs/train_seed/{cell}/{seed}.log",
    benchmark:
        "<results>/benchmarks/train_seed/{cell}/{seed}.tsv"
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
        "../scripts/train_seed.py"
