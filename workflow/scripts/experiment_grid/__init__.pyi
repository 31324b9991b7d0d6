from experiment_grid.api.run import Run as Run
from experiment_grid.api.run import load as load
from experiment_grid.api.run import predict as predict

__all__ = ["Run", "load", "predict"]
