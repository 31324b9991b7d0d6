"""The built-in networks, a file each: a cell is trained again when the file of its own network changes."""
