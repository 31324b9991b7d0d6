"""The bench's command line: python -m bench [section ...]."""

import argparse

from bench import cell, normalization, run, scale

SECTIONS = {
    "cell": (cell.section, "one cell, one CPU thread, beside four other ways to train it (3 min)"),
    "normalization": (normalization.section, "what normalising costs in a DataLoader and here (2 min)"),
    "run": (run.section, "the default grid on two cores, and where the time goes (10 min)"),
    "scale": (scale.section, "100 and 1,000 cells on the digits (an hour)"),
}
DEFAULT = ("cell", "normalization")


def main() -> None:
    """Run the sections that were asked for."""
    described = "; ".join(f"{name}: {text}" for name, (_, text) in SECTIONS.items())
    parser = argparse.ArgumentParser(prog="python -m bench", description=f"Sections: {described}.")
    parser.add_argument("sections", nargs="*", metavar="section", help=f"default: {' '.join(DEFAULT)}")
    parser.add_argument("--hidden", default="128,64", help="hidden layers of the cell (default: 128,64)")
    parser.add_argument("--epochs", type=int, default=10, help="epochs of the cell (default: 10)")
    parser.add_argument("--rounds", type=int, default=3, help="how often each is measured (default: 3)")
    parser.add_argument("--cells", default="100,1000", help="sizes of the scale section (default: 100,1000)")
    arguments = parser.parse_args()
    for name in arguments.sections:
        if name not in SECTIONS:
            parser.error(f"no section {name}; there are {', '.join(SECTIONS)}")
    for name in arguments.sections or DEFAULT:
        SECTIONS[name][0](arguments)


main()
