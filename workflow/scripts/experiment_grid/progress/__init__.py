"""What a run shows while it works: a live view on a terminal, a line per job start and end anywhere else."""
