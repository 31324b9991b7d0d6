# The figures for a paper, with their labels in Snakemake's own report.
FIGURES = {
    "curves-epochs": "Loss and accuracy over epochs",
    "curves-seconds": "Loss and accuracy over seconds of training",
    "normalization": "With and without normalization",
    "effects": "Effects relative to the baseline",
    "confusion": "Confusion matrix of the final cell",
    "time": "Test accuracy over training time",
    "agreement": "The original's test accuracies and ours",
}


rule figures:
    input:
        plan=planned("figures"),
        tables=inputs("figures", expand("{name}.csv", name=["comparison", "effects", "reference"])),
        details=inputs("figures", expand("comparison/{name}.csv", name=["curves", "seeds", "classes"])),
        arrays=inputs("figures", expand("comparison/{name}.npz", name=["predictions", "confusion"])),
        findings=inputs("figures", expand("comparison/{name}.json", name=["findings", "claims", "reference", "cells"])),
    output:
        svg=[
            report(
                f"<results>/figures/{name}.svg",
                caption="../report/figure.rst",
                category="Figures",
                labels={"figure": label},
            )
            for name, label in FIGURES.items()
        ],
        pdf=expand("<results>/figures/{name}.pdf", name=FIGURES),
        record="<results>/figures/figures.json",
    log:
        "<results>/logs/figures.log",
    benchmark:
        "<results>/benchmarks/figures.tsv"
    localrule: True
    conda:
        "../envs/report.yml"
    threads: 1
    script:
        "../scripts/figures.py"
