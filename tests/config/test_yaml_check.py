"""Config files that Snakemake's loader cannot read: one line for each before it is called."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from project import ROOT
from snakemake.common.configfile import load_configfile
from snakemake.utils import update_config
from test_config_properties import RELAXED

from experiment_grid.config.yaml_check import check
from experiment_grid.runtime.errors import UserError

WANTED = "allowed: key: value pairs in YAML, as in config/demo.yaml"
PATHS = "allowed: names in small letters with a path as text each, e.g. results: results/demo"
LARGE = "has too many levels or values; allowed: 20 levels, 2000000 values"
CASES = {
    "": f": is empty; {WANTED}",
    "# nothing\n": f": is empty; {WANTED}",
    "- 1": f":1: has no key at the top; {WANTED}",
    "\ttitle: a": ":1: is not YAML: found character '\\t' that cannot start any token; indent with spaces, not tabs",
    "title: a\ncells: [\n": ":3: is not YAML: expected the node content, but found '<stream end>'",
    "\ntitle: 2001-13-45": ':2: can\'t be read as timestamp; given: 2001-13-45; text goes in "..."',
    'a: !!int "x"': ':1: can\'t be read as int; given: x; text goes in "..."',
    'a:\n- !!bool "maybe"': ':2: can\'t be read as bool; given: maybe; text goes in "..."',
    "a: " + "9" * 5000: f':1: can\'t be read as int; given: {"9" * 77}...; text goes in "..."',
    "a: {[1]: 2}": ":1: can't be read: found unhashable key",
    "[" * 3000: ": has too many levels, one inside the other",
    "a: 1\nb: " + "[" * 25 + "]" * 25: f":2: {LARGE}",
    "a: &x {b: *x}": f":1: {LARGE}",
    "pathvars:\n  results: 3": f":2: pathvars.results: is not a path variable; given: 3; {PATHS}",
    "pathvars:\n  results: [a]": f':2: pathvars.results: is not a path variable; given: ["a"]; {PATHS}',
    "pathvars: {Results: a}": f':1: pathvars.Results: is not a path variable; given: "a"; {PATHS}',
    "pathvars: results": f':1: pathvars: is not a mapping of path variables; given: "results"; {PATHS}',
    "a0: &a0 {}\n" + "".join(f"a{n}: &a{n} {{x: *a{n - 1}, y: *a{n - 1}}}\n" for n in range(1, 22)): f":20: {LARGE}",
}
# What YAML is made of, so that text of it is more often nearly right.
PIECES = (
    *(
        "a: ",
        "- ",
        "? ",
        ": ",
        "{",
        "}",
        "[",
        "]",
        ", ",
        "&a ",
        "*a",
        "<<: ",
        "=",
        "|\n",
        ">\n",
        "\n",
        "\n  ",
        "\t",
        "'",
        '"',
    ),
    *(
        "!!int ",
        "!!bool ",
        "!!float ",
        "!!timestamp ",
        "!!set ",
        "!!omap ",
        "!!pairs ",
        "!!binary ",
        "!!null ",
        "!!map ",
    ),
    *(
        "!!python/tuple ",
        "!!python/name:x ",
        "!x ",
        "2001-13-45",
        "0x",
        "1_",
        "~",
        ".inf",
        "---",
        "...",
        "\ufeff",
        "#",
        "%",
    ),
)


@pytest.mark.parametrize(("text", "line"), CASES.items(), ids=[text[:20] for text in CASES])
def test_one_line_each(tmp_path, monkeypatch, text, line):
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "own.yaml"
    file.write_text(text)
    with pytest.raises(UserError) as raised:
        check(file)
    assert str(raised.value) == f"own.yaml{line}"


def test_paths_that_are_no_files(tmp_path):
    (tmp_path / "demo.yaml").touch()
    for name, line in {
        "nope.yaml": "no such file",
        "demo.yml": f"no such file (did you mean {tmp_path}/demo.yaml?)",
    }.items():
        with pytest.raises(UserError) as raised:
            check(tmp_path / name)
        assert str(raised.value) == f"{tmp_path / name}: {line}"
    with pytest.raises(UserError, match="is a folder; allowed: a YAML file"):
        check(tmp_path)
    (tmp_path / "demo.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match="is not text; allowed: YAML in UTF-8"):
        check(tmp_path / "demo.yaml")


@pytest.mark.parametrize("file", sorted((ROOT / "config").glob("*.yaml")), ids=lambda file: file.name)
def test_our_own_files_pass(file):
    check(file)


@RELAXED
@given(
    st.one_of(st.text(max_size=60), st.lists(st.sampled_from(PIECES), max_size=14).map("".join)).map(str.encode)
    | st.binary()
)
def test_what_passes_can_be_loaded(tmp_path_factory, content):
    """Snakemake's loader, and its merging of files, accept whatever passes the check."""
    file = tmp_path_factory.getbasetemp() / "readable.yaml"
    file.write_bytes(content)
    try:
        check(file)
    except UserError as error:
        assert str(error).isprintable()
        return
    config = load_configfile(file)
    update_config(config, load_configfile(file))
