rule errors:
    input:
        plan=planned("errors"),
        prepared=f"<results>/data/{DATASET}/prepared.safetensors",
        run=expand("<results>/cells/{cell}/run.json", cell=CELLS),
        history=expand("<results>/cells/{cell}/history.csv", cell=CELLS),
        records=expand("<results>/cells/{cell}/evaluation.json", cell=CELLS),
        evaluation=expand("<results>/cells/{cell}/evaluation.csv", cell=CELLS),
        predictions=expand("<results>/cells/{cell}/predictions.npz", cell=CELLS),
        confusion=expand("<results>/cells/{cell}/confusion.npz", cell=CELLS),
        checkpoints=f"<results>/cells/{settings.final}/checkpoints.safetensors",
    output:
        atlas="<results>/errors/atlas.png",
        attribution="<results>/errors/attribution.png",
        neighbours="<results>/errors/neighbours.png",
        record="<results>/errors/errors.json",
    log:
        "<results>/logs/errors.log",
    benchmark:
        "<results>/benchmarks/errors.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    params:
        cells=CELLS,
    script:
        "../scripts/errors.py"
