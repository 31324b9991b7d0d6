"""Snakemake as started on a node of a cluster, for jobs that another process has checked and planned."""

from project import CELLS, snakemake


def on_node(project, job: str):
    """Start Snakemake for one job as executors do, but run nothing."""
    rule = job.partition(":")[0]
    options = ("--dry-run", "--force", "--mode", "remote", "--target-jobs", job, "--allowed-rules", rule)
    done = snakemake(project, *options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_a_node_does_not_check_the_other_cells_again(project):
    config = project / "config/small.yaml"
    config.write_text(config.read_text("utf-8") + "  - {name: wrong, batch_size: 1000000}\n", "utf-8")
    assert "batch_size: is more than" in snakemake(project, "--dry-run").stderr
    assert "wildcards: cell=narrow" in on_node(project, "train:cell=narrow")


def test_a_stage_that_takes_all_cells_takes_them_on_a_node_too(project):
    said = on_node(project, "compare:")
    assert all(f"results/cells/{cell}/predictions.npz" in said for cell in CELLS)
