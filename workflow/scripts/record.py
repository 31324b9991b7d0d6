"""Write the machine-readable description of the run: an RO-Crate built from the stages' records.

Follows RO-Crate 1.1 and its profile for runs of processes (https://w3id.org/ro/wfrun/process/0.5): each job is an
action that says with which code, from which files and parameters it made which files, when, where and why.
"""

import hashlib
import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rocrate.model.contextentity import ContextEntity
from rocrate.model.softwareapplication import SoftwareApplication
from rocrate.rocrate import ROCrate

from experiment_grid.runtime.files import write_json
from experiment_grid.runtime.records import now, write_record

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

PROFILE = "https://w3id.org/ro/wfrun/process/0.5"
TERMS = "https://w3id.org/ro/terms/workflow-run/context"  # sha256 and its like
NO_LICENCE = {
    "@type": "CreativeWork",
    "name": "No licence stated",
    "description": "The author of this run decides its licence.",
}
TYPES = {
    ".csv": "text/csv",
    ".html": "text/html",
    ".json": "application/json",
    ".md": "text/markdown",
    ".npz": "application/zip",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".safetensors": "application/octet-stream",
    ".svg": "image/svg+xml",
    ".tex": "application/x-tex",
}


def record(settings: dict[str, Any], records: list[Path], outputs: dict[str, Path], plan: Path) -> None:
    """Write the crate of the run that left `records`, and this stage's own record."""
    started = now()
    write_json(outputs["crate"], crate(settings, [json.loads(path.read_text("utf-8")) for path in records]))
    write_record(outputs["record"], plan, [outputs["crate"]], inputs=records, started=started, packages=("rocrate",))


def crate(settings: dict[str, Any], records: list[dict[str, Any]]) -> dict[str, Any]:
    """The crate as JSON-LD, from the records' contents in topological order."""
    root = ROCrate(gen_preview=False, version="1.1")
    root.name = settings["title"]
    root.description = settings["note"] or f"Neural networks on {settings['dataset']}, compared"
    root.datePublished = max(entry["finished"] for entry in records)
    root.metadata.extra_contexts.append(TERMS)
    profile = root.add(
        ContextEntity(root, PROFILE, {"@type": "CreativeWork", "name": "Process Run Crate", "version": "0.5"})
    )
    root.root_dataset["conformsTo"] = profile
    root.license = root.add(ContextEntity(root, "#licence", NO_LICENCE))
    root.root_dataset["mentions"] = [_add_action(root, entry) for entry in records]
    content: dict[str, Any] = root.metadata.generate()
    for entity in content["@graph"]:
        entity |= {name: value[0] for name, value in entity.items() if isinstance(value, list) and len(value) == 1}
    return content


def _add_action(root: ROCrate, entry: dict[str, Any]) -> ContextEntity:
    settings = entry["recipe"]["settings"]
    job = entry["stage"] + (f"-{settings['cell']}" if "cell" in settings else "")
    made = [_file(root, name, output) for name, output in entry["outputs"].items()]
    read = [_file(root, name, {"sha256": checksum}) for name, checksum in entry["inputs"].items()]
    machine = entry["machine"]
    return root.add_action(
        instrument=_code(root, entry),
        identifier=f"#{job}",
        object=read + _parameters(root, job, settings),
        result=made,
        properties={
            "name": job.replace("-", " ", 1),
            "description": f"Ran because: {'; '.join(entry['why'])}. On {machine['cpu']}, {machine['system']}.",
            "startTime": _to_the_second(entry["started"]),
            "endTime": _to_the_second(entry["finished"]),
            "actionStatus": "http://schema.org/CompletedActionStatus",
        },
    )


def _to_the_second(time: str) -> str:
    """A time as RO-Crate's validator reads ISO 8601: without fractions."""
    return datetime.fromisoformat(time).isoformat(timespec="seconds")


def _file(root: ROCrate, name: str, known: dict[str, Any]) -> Any:
    """The file's entity, with what this record knows of it."""
    if name in root:  # checked first: looking up an absent entity scans the whole crate
        entity = root.dereference(name)
    else:
        entity = root.add_file(dest_path=name, properties={"name": Path(name).name})
    entity["sha256"] = known["sha256"]
    if "bytes" in known:
        entity["contentSize"] = str(known["bytes"])
    if Path(name).suffix in TYPES:
        entity["encodingFormat"] = TYPES[Path(name).suffix]
    return entity


def _code(root: ROCrate, entry: dict[str, Any]) -> Any:
    """The stage's program, in the version that its fingerprints show, with the packages that it used."""
    version = hashlib.sha256(json.dumps(entry["recipe"]["code"], sort_keys=True).encode()).hexdigest()[:16]
    identifier = f"#{entry['stage']}.py-{version}"
    known = root.dereference(identifier)
    if known:
        return known
    packages = []
    for name, release in entry["versions"].items():
        package = f"pkg:pypi/{name}@{release}" if name != "python" else f"pkg:generic/{name}@{release}"
        found = root.dereference(package) or root.add(
            SoftwareApplication(root, package, {"name": name, "softwareVersion": release})
        )
        packages.append(found)
    properties = {"name": f"{entry['stage']}.py", "softwareVersion": version, "softwareRequirements": packages}
    return root.add(SoftwareApplication(root, identifier, properties))


def _parameters(root: ROCrate, job: str, settings: dict[str, Any]) -> list[ContextEntity]:
    return [
        root.add(
            ContextEntity(root, f"#{job}/{name}", {"@type": "PropertyValue", "name": name, "value": json.dumps(value)})
        )
        for name, value in settings.get("parameters", {}).items()
    ]


if __name__ == "__main__":
    from experiment_grid.runtime.stage import stage

    with stage(snakemake) as plan:
        record(
            plan["recipe"]["settings"],
            [Path(file) for file in (*snakemake.input.cells, *snakemake.input.records)],
            {name: Path(file) for name, file in snakemake.output.items()},
            Path(snakemake.input.plan),
        )
