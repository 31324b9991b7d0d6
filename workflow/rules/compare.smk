rule compare:
    input:
        plan=planned("compare"),
        run=compared("run.json"),
        history=compared("history.csv"),
        records=compared("evaluation.json"),
        evaluation=compared("evaluation.csv"),
        predictions=compared("predictions.npz"),
        confusion=compared("confusion.npz"),
        timing="<results>/timing.csv",
        rounds="<results>/timing/rounds.csv",
    output:
        comparison=report(
            "<results>/comparison.csv",
            caption="../report/table.rst",
            category="Tables",
            labels={"table": "Comparison of all cells"},
        ),
        effects=report(
            "<results>/effects.csv",
            caption="../report/table.rst",
            category="Tables",
            labels={"table": "Effect of each factor"},
        ),
        reference=report(
            "<results>/reference.csv",
            caption="../report/table.rst",
            category="Tables",
            labels={"table": "The original report's figures against ours"},
        ),
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
        "../envs/jobs.yml"
    threads: 1
    params:
        cells=COMPARED,
    script:
        "../scripts/compare.py"
