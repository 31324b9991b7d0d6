rule prepare:
    input:
        plan=planned("prepare"),
        files=inputs("prepare", DOWNLOADED),
    output:
        prepared=f"<results>/data/{DATASET}/prepared.safetensors",
        record=f"<results>/data/{DATASET}/prepare.json",
    log:
        "<results>/logs/prepare.log",
    benchmark:
        "<results>/benchmarks/prepare.tsv"
    localrule: True
    conda:
        "../envs/data.yml"
    threads: 1
    script:
        "../scripts/prepare.py"
