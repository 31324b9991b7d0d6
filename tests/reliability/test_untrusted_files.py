"""Files and configs of strangers cannot run code, reach a shell or leave the results folder."""

import ast
import os
import re
import shutil

import pytest
import yaml
from faults import trained
from project import ROOT, copy_project, planned_jobs, snakemake

SCRIPTS = sorted((ROOT / "workflow/scripts").rglob("*.py"))
RULES = [ROOT / "Snakefile", *sorted((ROOT / "workflow/rules").glob("*.smk"))]

# Modules and calls that load code with data, or run text.
MODULES = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal", "pty", "code"}
CALLS = {"eval", "exec", "compile", "torch.load", "os.system", "os.popen", "pd.read_pickle", "pandas.read_pickle"}
ALLOWED = {"runtime/imported_code.py": "compile"}  # to compare what is about to run with its source
CALLS |= {"yaml.unsafe_load", "yaml.full_load", "subprocess.getoutput", "subprocess.getstatusoutput"}


def faults(tree: ast.AST) -> list[str]:
    """What is not allowed in a syntax tree."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            module = getattr(node, "module", None)
            names = [module] if module else [alias.name for alias in node.names]
            found += [f"imports {name}" for name in names if name.split(".")[0] in MODULES]
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            given = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
            if name in CALLS or given.get("allow_pickle", "False") != "False" or given.get("shell", "False") != "False":
                found.append(f"calls {name}")
            if name == "yaml.load" and "SafeLoader" not in given.get("Loader", ""):
                found.append(f"calls {ast.unparse(node)}")
    return found


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: str(path.relative_to(ROOT / "workflow/scripts")))
def test_no_script_loads_code_or_runs_text(path):
    allowed = ALLOWED.get("/".join(path.parts[-2:]))
    assert [fault for fault in faults(ast.parse(path.read_text("utf-8"))) if fault != f"calls {allowed}"] == []


@pytest.mark.parametrize(
    "text",
    [
        "import pickle",
        "from joblib import load",
        "np.load(path, allow_pickle=True)",
        "torch.load(path)",
        "subprocess.run(command, shell=True)",
        "yaml.load(text, Loader=yaml.Loader)",
        "exec(text)",
    ],
)
def test_the_test_above_finds_each(text):
    assert len(faults(ast.parse(text))) == 1


@pytest.mark.parametrize("path", RULES, ids=lambda path: path.name)
def test_no_rule_has_a_shell_command(path):
    text = path.read_text("utf-8")
    assert not re.search(r"^\s*(shell|run|wrapper|notebook|cwl)\s*:|\bshell\(|\beval\(|os\.system", text, re.MULTILINE)


HOSTILE = [
    "../out",
    "/tmp/out",
    "a/b",
    "..",
    ".hidden",
    "-rf",
    "a b",
    "$(touch owned)",
    "a;touch owned",
    "{cell}",
    "a\nb",
]


def test_names_that_would_leave_the_folder_or_reach_a_shell_start_nothing(tmp_path):
    project = copy_project(tmp_path / "project")
    config = yaml.safe_load((project / "config/small.yaml").read_text())
    config["cells"] += [{"name": name, "learning_rate": 0.1 + place} for place, name in enumerate(HOSTILE)]
    config["dataset"] = {"name": "../../data", "path": "."}
    (project / "config/small.yaml").write_text(yaml.safe_dump(config))
    before = sorted(tmp_path.rglob("*"))
    done = snakemake(project)
    named = re.findall(r"^config/small\.yaml:\d+: (\S+): ", done.stderr, re.MULTILINE)
    assert done.returncode != 0
    assert "dataset.name" in named
    assert {f"cells[{place}].name" for place in range(3, 3 + len(HOSTILE))} <= {*named}, done.stderr
    assert [path for path in sorted(tmp_path.rglob("*")) if path not in before and ".snakemake" not in path.parts] == []


def test_paths_and_titles_do_not_reach_a_shell(finished, tmp_path):
    """A results folder, a data set and texts that a shell would run are used as they are."""
    hostile = "it's; touch owned $(touch owned) `touch owned` \"&"
    project = copy_project(tmp_path / "project")
    own = project / f"mine {hostile}"
    shutil.copytree(finished / "results/data/digits", own, ignore=shutil.ignore_patterns("*.json", "*.safetensors"))
    config = yaml.safe_load((project / "config/small.yaml").read_text())
    config |= {"dataset": {"name": "mine", "path": own.name}, "title": hostile, "note": hostile}
    folder = f"results {hostile}".replace("$", "")  # which pathvars refuses
    config["pathvars"] = {"results": folder}
    (project / "config/small.yaml").write_text(yaml.safe_dump(config))
    results = project / folder
    done = snakemake(project, "--", f"{results.name}/data/mine/prepared.safetensors")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (results / "data/mine/prepare.json").is_file()
    assert not [path for path in tmp_path.rglob("*") if path.name == "owned"]


def test_foreign_results_are_not_used(project):
    """Files of another cell, of another format and damaged ones are named and made again."""
    cells = project / "results/cells"
    shutil.rmtree(cells / "narrow")
    shutil.copytree(cells / "wide", cells / "narrow")
    record = cells / "grid-batch-32/run.json"
    record.write_text(record.read_text().replace('"format": 1', '"format": 0', 1))
    (cells / "grid-batch-128/predictions.npz").write_bytes(b"\x80\x04\x95")
    why = snakemake(project, "--quiet", "all", "--", "why").stdout
    assert "train     narrow: hidden 32 → 16; cell wide → narrow; learning_rate 0.01 → 0.02" in why
    assert "train     grid-batch-32: run.json is of another format" in why
    assert "evaluate  grid-batch-128: output changed since it was written: predictions.npz" in why
    assert "train     grid-batch-128" not in why


def test_weights_changed_with_size_and_time_kept_are_not_evaluated_but_trained_again(project, finished):
    assert planned_jobs(project) == []  # gives every file its recorded time
    narrow = project / "results/cells/narrow"
    for path in narrow.glob("*"):
        if path.name.startswith(("evaluation", "predictions", "confusion")):
            path.unlink()
    weights = narrow / "checkpoints.safetensors"
    before = weights.stat().st_mtime_ns
    with weights.open("r+b") as file:
        file.seek(-4000, os.SEEK_END)
        file.write(bytes(4000))
    os.utime(weights, ns=(before, before))
    goal = ("--", "results/cells/narrow/evaluation.csv")
    done = snakemake(project, *goal)
    assert done.returncode != 0
    message = "error: results/cells/narrow/checkpoints.safetensors: changed since it was written, by its record; "
    assert message in done.stdout + done.stderr
    assert not (narrow / "evaluation.csv").exists()
    assert planned_jobs(project, *goal) == ["evaluate narrow", "train narrow"]
    assert snakemake(project, *goal).returncode == 0
    assert trained(project / "results", "narrow") == trained(finished / "results", "narrow")
