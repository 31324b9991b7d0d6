import os

try:
    MIRRORS = mirrors(DATASET, settings.mirrors, os.environ)
except UserError as error:
    sys.exit(str(error))


# `update`: files that are there are verified and kept, not deleted before the job or after its failure.
rule download:
    input:
        plan=planned("download"),
    output:
        files=update(
            expand(
                "<results>/data/{dataset}/{part}-ubyte.gz",
                dataset=DATASET,
                part=["train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"],
            )
        ),
        record=update(f"<results>/data/{DATASET}/download.json"),
    log:
        "<results>/logs/download.log",
    benchmark:
        "<results>/benchmarks/download.tsv"
    conda:
        "../envs/jobs.yml"
    threads: 1
    params:
        mirrors=MIRRORS,
    script:
        "../scripts/download.py"
