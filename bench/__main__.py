"""The bench's command line: python -m bench [section ...]."""

import argparse
import os
import sys

from bench import cell, gpu, normalization, run, scale, threads

SECTIONS = {
    "cell": (cell.section, "one cell, one CPU thread, beside other ways to train it (3 min)"),
    "normalization": (normalization.section, "what normalizing and shifting cost in a DataLoader and here (minutes)"),
    "run": (run.section, "the default grid on two cores, and where the time goes (2 to 5 min)"),
    "scale": (scale.section, "100 and 1,000 cells on the digits (10 to 30 min)"),
    "threads": (threads.section, "what a second core does for one training (3 min)"),
    "gpu": (gpu.section, "three cells on a GPU, beside the usual loops (make bench-gpu, 3 min)"),
}
DEFAULT = ("cell", "normalization")
MOST_CELLS = 10_000  # the points that bench.workflow.point distinguishes


class Parser(argparse.ArgumentParser):
    """Reports what is wrong in one line, without the usage."""

    def error(self, message: str) -> None:
        """End with status 2."""
        self.exit(2, f"{self.prog}: {message}\n")


def count(text: str) -> int:
    """A whole number of at least 1."""
    if not text.strip().isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return int(text)


def counts(text: str) -> tuple[int, ...]:
    """Whole numbers of at least 1, separated by commas, or none."""
    try:
        return tuple(count(part) for part in text.split(",")) if text.strip() else ()
    except argparse.ArgumentTypeError:
        raise argparse.ArgumentTypeError(f"{text!r} is not whole numbers with commas between them (128,64)") from None


def sizes(text: str) -> tuple[int, ...]:
    """Numbers of cells, at least one of them."""
    numbers = counts(text)
    if not numbers or max(numbers) > MOST_CELLS:
        raise argparse.ArgumentTypeError(f"{text!r} is not one or more whole numbers from 1 to {MOST_CELLS:,}")
    return numbers


def arguments_of(argv: list[str]) -> argparse.Namespace:
    """The parsed arguments; ends with one line and status 2 if they are wrong."""
    described = "; ".join(f"{name}: {text}" for name, (_, text) in SECTIONS.items())
    parser = Parser(prog="python -m bench", description=f"Sections: {described}.")
    parser.add_argument("sections", nargs="*", metavar="section", help=f"default: {' '.join(DEFAULT)}")
    parser.add_argument("--hidden", type=counts, default=(128, 64), help='hidden layers of the cell (128,64; "": none)')
    parser.add_argument("--epochs", type=count, default=10, help="epochs of cell, threads and gpu (default: 10)")
    parser.add_argument("--rounds", type=count, default=3, help="how often each is measured (default: 3)")
    parser.add_argument("--cells", type=sizes, default=(100, 1000), help="sizes of scale (default: 100,1000)")
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda", help="of gpu; cpu: to try it without one")
    arguments = parser.parse_args(argv)
    for name in arguments.sections:
        if name not in SECTIONS:
            parser.error(f"no section {name}; there are {', '.join(SECTIONS)}")
    arguments.sections = arguments.sections or list(DEFAULT)
    if "run" in arguments.sections and not os.environ.get("MNIST_MIRROR"):
        parser.error("run: set MNIST_MIRROR to the address of a folder with the MNIST files (file:///...)")
    return arguments


def main(argv: list[str]) -> None:
    """Run the sections that were asked for."""
    arguments = arguments_of(argv)
    for name in arguments.sections:
        SECTIONS[name][0](arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
