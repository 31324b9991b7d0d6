rule record:
    input:
        plan=planned("record"),
        cells=compared("run.json", "evaluation.json"),
        records=[
            "<results>/timing/timing.json",
            "<results>/comparison/compare.json",
            "<results>/figures/figures.json",
            "<results>/errors/errors.json",
            "<results>/report.json",
        ],
    output:
        crate="<results>/ro-crate-metadata.json",
        record="<results>/record.json",
    log:
        "<results>/logs/record.log",
    benchmark:
        "<results>/benchmarks/record.tsv"
    conda:
        "../envs/jobs.yml"
    threads: 1
    script:
        "../scripts/record.py"
