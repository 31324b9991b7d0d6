"""Grids of neural-network experiments: what the stages of the workflow are made of."""
