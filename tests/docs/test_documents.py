"""Documents agree with the project: links, commands, paths, versions."""

import re
import tomllib

import pytest
import yaml
from project import ROOT

DOCUMENTS = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("config/*.md")]
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_and_commands(document):
    text = document.read_text("utf-8")
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    broken = [link for link in links if "://" not in link and not (document.parent / link).exists()]
    assert not broken
    commands = set(re.findall(r"(?:`|^)make ([a-z-]+)", text, re.MULTILINE))
    assert commands <= TARGETS


def test_paths_in_documents_exist():
    for document in DOCUMENTS:
        for path in re.findall(r"`((?:workflow|tests|config|profiles|bench)/[\w./-]+)`", document.read_text("utf-8")):
            own = path.startswith("config/mine")  # made by the reader
            new = f"A new file `{path}`" in document.read_text("utf-8")
            assert own or new or (ROOT / path).exists(), f"{document.name}: {path}"


def test_folders_in_the_picture_of_the_architecture_exist():
    picture = (ROOT / "docs/images/architecture.svg").read_text("utf-8")
    folders = re.findall(r">([a-z]+)/</text>", picture)
    assert len(folders) > 6
    assert [folder for folder in folders if not (ROOT / "workflow/scripts/experiment_grid" / folder).is_dir()] == []


def test_the_version_is_the_same_everywhere():
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert citation["version"] == version
    assert f"\n## {version}, {citation['date-released']}\n" in (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_every_decision_is_listed():
    overview = (ROOT / "docs/decisions/README.md").read_text("utf-8")
    pages = {path.name for path in (ROOT / "docs/decisions").glob("*.md")} - {"README.md"}
    assert set(re.findall(r"\]\((\S+\.md)\)", overview)) == pages


def test_the_container_copies_what_a_run_needs():
    dockerfile = (ROOT / "Dockerfile").read_text("utf-8")
    copied = {name for line in re.findall(r"^COPY (.+) \S+$", dockerfile, re.MULTILINE) for name in line.split()}
    ignored = (ROOT / ".dockerignore").read_text("utf-8").split()
    assert copied == {line.removeprefix("!") for line in ignored if line.startswith("!")}
    assert copied >= {"Snakefile", "config", "profiles", "workflow", "pyproject.toml", "requirements.txt"}
