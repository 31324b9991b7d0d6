rule compare:
    input:
        plan=planned("compare"),
        run=compared("compare", "run.json"),
        history=compared("compare", "history.csv"),
        records=compared("compare", "evaluation.json"),
        evaluation=compared("compare", "evaluation.csv"),
        predictions=compared("compare", "predictions.npz"),
        confusion=compared("compare", "confusion.npz"),
        timing=inputs("compare", "timing.csv"),
        rounds=inputs("compare", "timing/rounds.csv"),
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
            labels={"table": "The original report's figures and ours"},
        ),
        curves="<results>/comparison/curves.csv",
        seeds="<results>/comparison/seeds.csv",
        classes="<results>/comparison/classes.csv",
        model="<results>/comparison/model.csv",
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
    localrule: True
    conda:
        "../envs/analysis.yml"
    threads: 1
    params:
        cells=COMPARED,
    script:
        "../scripts/compare.py"
