import os

try:
    MIRRORS = mirrors(settings.dataset.target, settings.mirrors, os.environ)
except UserError as error:
    sys.exit(str(error))


DOWNLOADED = [f"data/{DATASET}/{name}" for name in files(settings.dataset)]


# `update`: files that are there are verified and kept, not deleted before the job or after its failure.
rule download:
    input:
        plan=planned("download"),
    output:
        files=update([f"<results>/{file}" for file in DOWNLOADED]),
        record=update(f"<results>/data/{DATASET}/download.json"),
    log:
        "<results>/logs/download.log",
    benchmark:
        "<results>/benchmarks/download.tsv"
    localrule: True
    conda:
        "../envs/training.yml"
    threads: 1
    params:
        mirrors=MIRRORS,
    script:
        "../scripts/download.py"
