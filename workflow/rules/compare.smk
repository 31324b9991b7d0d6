rule compare:
    input:
        plan=planned("compare"),
        run=expand("<results>/cells/{cell}/run.json", cell=CELLS),
        history=expand("<results>/cells/{cell}/history.csv", cell=CELLS),
        records=expand("<results>/cells/{cell}/evaluation.json", cell=CELLS),
        evaluation=expand("<results>/cells/{cell}/evaluation.csv", cell=CELLS),
        predictions=expand("<results>/cells/{cell}/predictions.npz", cell=CELLS),
        confusion=expand("<results>/cells/{cell}/confusion.npz", cell=CELLS),
    output:
        comparison="<results>/comparison.csv",
        effects="<results>/effects.csv",
        reference="<results>/reference.csv",
        curves="<results>/comparison/curves.csv",
        seeds="<results>/comparison/seeds.csv",
        classes="<results>/comparison/classes.csv",
        predictions="<results>/comparison/predictions.npz",
        confusion="<results>/comparison/confusion.npz",
        findings="<results>/comparison/findings.json",
        claims="<results>/comparison/claims.json",
        rows="<results>/comparison/reference.json",
        cells="<results>/comparison/cells.json",
        latex="<results>/comparison/table.tex",
        markdown="<results>/comparison/table.md",
        record="<results>/comparison/compare.json",
    log:
        "<results>/logs/compare.log",
    benchmark:
        "<results>/benchmarks/compare.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    params:
        cells=CELLS,
    script:
        "../scripts/compare.py"
