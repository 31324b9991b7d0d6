rule report:
    input:
        plan=planned("report"),
        tables=expand("<results>/{name}.csv", name=["comparison", "effects", "reference", "timing"]),
        details=expand("<results>/comparison/{name}.csv", name=["curves", "seeds", "classes"]),
        arrays=expand("<results>/comparison/{name}.npz", name=["predictions", "confusion"]),
        told=expand("<results>/comparison/{name}.json", name=["findings", "claims", "reference", "cells"]),
        exports=expand("<results>/comparison/table.{suffix}", suffix=["tex", "md"]),
        timing="<results>/timing/timing.json",
        errors="<results>/errors/errors.json",
        images=expand("<results>/errors/{name}.png", name=["atlas", "attribution", "neighbours"]),
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
    conda:
        "../envs/jobs.yml"
    threads: 1
    script:
        "../scripts/report.py"
