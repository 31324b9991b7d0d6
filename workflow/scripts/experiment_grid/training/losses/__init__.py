"""The built-in losses, a file each."""
