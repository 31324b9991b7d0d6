rule report:
    input:
        plan=planned("report"),
        tables=inputs("report", expand("{name}.csv", name=["comparison", "effects", "reference", "timing"])),
        details=inputs("report", expand("comparison/{name}.csv", name=["curves", "seeds", "classes", "model"])),
        arrays=inputs("report", expand("comparison/{name}.npz", name=["predictions", "confusion"])),
        findings=inputs("report", expand("comparison/{name}.json", name=["findings", "claims", "reference", "cells"])),
        exports=inputs("report", expand("comparison/table.{suffix}", suffix=["tex", "md"])),
        timing=inputs("report", "timing/timing.json"),
        errors=inputs("report", "errors/errors.json"),
        images=inputs("report", expand("errors/{name}.png", name=["atlas", "attribution", "neighbours", "augmented"])),
    output:
        page=report(
            "<results>/report.html",
            caption="../report/page.rst",
            category="Page",
            labels={"what": "The whole report"},
        ),
        record="<results>/report.json",
    log:
        "<results>/logs/report.log",
    benchmark:
        "<results>/benchmarks/report.tsv"
    localrule: True
    conda:
        "../envs/report.yml"
    threads: 1
    script:
        "../scripts/report.py"
