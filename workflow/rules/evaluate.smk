rule evaluate:
    input:
        plan=planned("evaluate"),
        prepared=prepared("evaluate"),
        checkpoints=inputs("evaluate", "cells/{cell}/checkpoints.safetensors"),
        history=inputs("evaluate", "cells/{cell}/history.csv"),
    output:
        evaluation="<results>/cells/{cell}/evaluation.csv",
        confusion="<results>/cells/{cell}/confusion.npz",
        predictions="<results>/cells/{cell}/predictions.npz",
        record="<results>/cells/{cell}/evaluation.json",
    log:
        "<results>/logs/evaluate/{cell}.log",
    benchmark:
        "<results>/benchmarks/evaluate/{cell}.tsv"
    # Before any training: what is trained can then be looked at (make report-partial).
    priority: len(CELLS) + 1
    conda:
        "../envs/training.yml"
    threads: 1
    script:
        "../scripts/evaluate.py"
