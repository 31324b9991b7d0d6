rule errors:
    input:
        plan=planned("errors"),
        prepared=prepared("errors"),
        run=compared("run.json"),
        history=compared("history.csv"),
        records=compared("evaluation.json"),
        evaluation=compared("evaluation.csv"),
        predictions=compared("predictions.npz"),
        confusion=compared("confusion.npz"),
        checkpoints=compared("checkpoints.safetensors", only=settings.final),
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
        "../envs/jobs.yml"
    threads: 1
    params:
        cells=COMPARED,
    script:
        "../scripts/errors.py"
