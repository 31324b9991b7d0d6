rule record:
    input:
        plan=planned("record"),
        cells=compared("record", "run.json", "evaluation.json"),
        records=inputs(
            "record",
            [
                "timing/timing.json",
                "comparison/compare.json",
                "figures/figures.json",
                "errors/errors.json",
                "report.json",
            ],
        ),
    output:
        crate="<results>/ro-crate-metadata.json",
        record="<results>/record.json",
    log:
        "<results>/logs/record.log",
    benchmark:
        "<results>/benchmarks/record.tsv"
    localrule: True
    conda:
        "../envs/report.yml"
    threads: 1
    script:
        "../scripts/record.py"
