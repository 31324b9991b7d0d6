"""What timing.csv has in its columns `way` and `device`."""

TRAINER, LOADER, LOADER_NORMALIZED = "trainer", "loader", "loader, normalized"  # ways
DEVICES = {"cpu": "CPU", "cuda": "GPU", "mps": "GPU (MPS)"}  # as the page calls them
