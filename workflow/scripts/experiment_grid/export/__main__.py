"""A finished run for other programs: python -m experiment_grid.export mlflow|tensorboard|onnx results …"""

import argparse
import sys
from importlib import import_module

from experiment_grid.api.run import load
from experiment_grid.runtime.errors import UserError

TARGETS = {
    "mlflow": "every cell as a run, and its seeds below it, in the store that MLFLOW_TRACKING_URI names",
    "tensorboard": "the curves of every cell and seed as TensorBoard's events",
    "onnx": "a cell's model for ONNX Runtime; it takes images as they are, uint8 [N, C, H, W]",
}


def main(arguments: list[str] | None = None) -> None:
    """Export what the command line names. Ends with one line where that is not there."""
    parser = argparse.ArgumentParser(prog="python -m experiment_grid.export", description=__doc__)
    commands = parser.add_subparsers(dest="target", required=True)
    for target, does in TARGETS.items():
        command = commands.add_parser(target, help=does, description=does)
        command.add_argument("results", help="the run's folder, such as results or results/demo")
        if target == "tensorboard":
            command.add_argument("--to", help="folder of the events; default: tensorboard in the results")
        if target == "onnx":
            command.add_argument("cell")
            command.add_argument("to", help="file to write, such as lenet.onnx")
            command.add_argument("--seed", type=int, help="default: the representative seed")
            command.add_argument("--epoch", type=_epoch, default="chosen", help="chosen (default), last, or a number")
    options = vars(parser.parse_args(arguments))
    target = options.pop("target")
    try:
        print(import_module(f"experiment_grid.export.to_{target}").export(load(options.pop("results")), **options))
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package == "experiment_grid":
            raise
        sys.exit(f"error: {target}: the package {package} is not installed: pip install -e '.[{target}]'")
    except UserError as error:
        sys.exit(f"error: {error}")


def _epoch(text: str) -> int | str:
    return int(text) if text.isdigit() else text


if __name__ == "__main__":
    main()
