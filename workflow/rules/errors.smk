rule errors:
    input:
        plan=planned("errors"),
        prepared=prepared("errors"),
        run=expand("<results>/cells/{cell}/run.json", cell=COMPARED),
        history=expand("<results>/cells/{cell}/history.csv", cell=COMPARED),
        records=expand("<results>/cells/{cell}/evaluation.json", cell=COMPARED),
        evaluation=expand("<results>/cells/{cell}/evaluation.csv", cell=COMPARED),
        predictions=expand("<results>/cells/{cell}/predictions.npz", cell=COMPARED),
        confusion=expand("<results>/cells/{cell}/confusion.npz", cell=COMPARED),
        checkpoints=[f"<results>/cells/{cell}/checkpoints.safetensors" for cell in COMPARED if cell == settings.final],
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
        cells=COMPARED,
    script:
        "../scripts/errors.py"
