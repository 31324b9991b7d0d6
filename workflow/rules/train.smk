rule train:
    input:
        plan=planned("train"),
        prepared=f"<results>/data/{DATASET}/prepared.safetensors",
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
    script:
        "../scripts/train.py"
