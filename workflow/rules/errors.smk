rule errors:
    input:
        plan=planned("errors"),
        prepared=prepared("errors"),
        run=compared("errors", "run.json"),
        history=compared("errors", "history.csv"),
        records=compared("errors", "evaluation.json"),
        evaluation=compared("errors", "evaluation.csv"),
        predictions=compared("errors", "predictions.npz"),
        confusion=compared("errors", "confusion.npz"),
        checkpoints=compared("errors", "checkpoints.safetensors", only=settings.final),
    output:
        atlas="<results>/errors/atlas.png",
        attribution="<results>/errors/attribution.png",
        neighbours="<results>/errors/neighbours.png",
        augmented="<results>/errors/augmented.png",
        record="<results>/errors/errors.json",
    log:
        "<results>/logs/errors.log",
    benchmark:
        "<results>/benchmarks/errors.tsv"
    localrule: True
    conda:
        "../envs/training.yml"
    threads: 1
    params:
        cells=COMPARED,
    script:
        "../scripts/errors.py"
