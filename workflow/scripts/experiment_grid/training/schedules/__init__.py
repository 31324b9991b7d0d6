"""The built-in schedules, a file each."""
