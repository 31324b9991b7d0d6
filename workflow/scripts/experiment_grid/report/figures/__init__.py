"""The page's figures: one kind per module, drawn by Matplotlib, one look for all."""
