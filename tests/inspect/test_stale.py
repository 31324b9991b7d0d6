"""make stale and make prune: results of cells that are no longer configured."""

from project import CELLS, snakemake


def test_cells_no_longer_configured_are_removed_on_request(project):
    config = project / "config/small.yaml"
    config.write_text(config.read_text().replace("  - name: narrow\n    learning_rate: 0.02\n", ""))
    assert "narrow" in snakemake(project, "--quiet", "all", "--", "stale").stdout
    assert (project / "results/cells/narrow").is_dir()
    assert "removed narrow" in snakemake(project, "--quiet", "all", "--", "prune").stdout
    assert sorted(path.name for path in (project / "results/cells").iterdir()) == sorted({*CELLS} - {"narrow"})


def test_pruning_leaves_files_of_the_user(project):
    config = project / "config/small.yaml"
    config.write_text(config.read_text().replace("  - name: narrow\n    learning_rate: 0.02\n", ""))
    cells = project / "results/cells"
    (cells / "narrow/notes.md").write_text("mine")
    (cells / "mine").mkdir()
    (cells / "mine/photo.png").write_text("mine")
    assert "mine" not in snakemake(project, "--quiet", "all", "--", "stale").stdout
    said = snakemake(project, "--quiet", "all", "--", "prune").stdout
    assert "removed narrow" in said and "cells/narrow/notes.md" in said and "photo" not in said
    assert [path.name for path in (cells / "narrow").iterdir()] == ["notes.md"]
    assert (cells / "mine/photo.png").is_file()
    assert "narrow" not in snakemake(project, "--quiet", "all", "--", "stale").stdout
