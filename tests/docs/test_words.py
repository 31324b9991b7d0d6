"""No tracked text file has one of the words in tests/words.py."""

import re
import subprocess
from pathlib import Path

import pytest
from project import ROOT
from words import ALLOWED, FORBIDDEN

LISTED = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
SKIPPED = re.compile(
    r"docs/example-report\.html|tests/words\.py|tests/docs/test_words\.py|requirements.*\.txt|.*\.svg|.*package-lock\.json"
)
FILES = [Path(name) for name in LISTED.split("\0") if name and not SKIPPED.fullmatch(name)]


def phrase(words: str) -> str:
    """A pattern of whole words, which a line break may separate, also in a comment."""
    between = r"\s+(?:#\s+)?"
    return rf"\b{between.join(map(re.escape, words.split()))}\b"


PATTERN = re.compile("|".join(f"(?:{phrase(words)})" for words in (*ALLOWED, *FORBIDDEN)), re.IGNORECASE)


def found(path: Path) -> list[str]:
    """`file:line: word: what to write` for every forbidden word in a file."""
    content = path.read_bytes()
    if b"\0" in content:
        return []  # no text
    text = content.decode("utf-8")
    lines = []
    for match in PATTERN.finditer(text):
        words = re.sub(r"\s+(#\s+)?", " ", match[0]).lower()
        if words not in ALLOWED:
            line = text.count("\n", 0, match.start()) + 1
            lines.append(f"{path}:{line}: {words}: write {FORBIDDEN[words]}")
    return lines


@pytest.mark.parametrize("part", sorted({path.parts[0] for path in FILES}))
def test_no_forbidden_word(part, monkeypatch):
    monkeypatch.chdir(ROOT)
    lines = [line for path in FILES if path.parts[0] == part and path.is_file() for line in found(path)]
    assert not lines, "\n".join(lines)


def test_the_test_above_finds_them(tmp_path):
    path = tmp_path / "text.md"
    path.write_text("What it Tells.\nIt stands out\n# where it is\n# missing, told_twice\n", "utf-8")
    assert found(path) == [
        f"{path}:1: tells: write says, reports",
        f"{path}:3: where it is missing: write default, required",
    ]
