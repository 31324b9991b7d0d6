"""The words in the columns of a run's files: analysis and timing write them, the page reads them. Imports nothing."""

# effects.csv, `basis`: what a difference is judged by.
SEEDS = "seeds and images"
SAME = "same predictions"  # of two cells: nothing to judge
SINGLE = "images (single run)"  # of two trained models alone
COUNTED = "same step"  # a ratio of times that is computed: one measured step, another number of them

# claims.json, `verdict`; the last: no pair of cells.
CONFIRMED, REFUTED, DEPENDS, OPEN, UNTESTED = "confirmed", "refuted", "depends", "not decided", "not tested"

# reference.json, `verdict` of a row of the original report; reference.csv, `verdict` of a figure.
STATED, NEARLY, REPRODUCED = "as stated", "nearly as stated", "reproduced by other settings"
NEARER, SEARCHED, UNLIKE = "nearer to other settings", "reproduced outside this grid", "not reproduced"
CONSISTENT, DIFFERS, NOT_JUDGED = "consistent", "differs", "not judged"
NO_DATA = "no data"  # of either
INDEPENDENT = ("train_loss", "train_correct", "test_correct")  # figures that judge a row: the others repeat them

# Measures of claims.json that are times, by timing.csv.
TIMES = TRAINING, PER_EPOCH, LOADER_SECONDS = "train_seconds", "seconds_per_epoch", "loader_seconds"

# timing.csv, `way` and `device`; devices as the page calls them.
TRAINER, LOADER, LOADER_NORMALIZED = "trainer", "loader", "loader, normalized"
DEVICES = {"cpu": "CPU", "cuda": "GPU", "mps": "GPU (MPS)"}
