"""Words that the project does not use, each with what to write instead; the lists that tests check."""

# In all files, as whole words.
FORBIDDEN = {
    "told": "reported",
    "tells": "says, reports",
    "stood": "was",
    "stands": "is, represents",
    "lies": "is",
    "lay": "was",
    "born": "started",
    "had again": "downloaded again",
    "to be had": "available",
    "the data's way": "topological order",
    "milliard": "billion",
    "spoke": "attribution, reported",
    "second next": "the one after the next",
    "still at it": "still running",
    "mend": "repair",
    "mends": "repairs",
    "mended": "repaired",
    "settle": "restore_mtime",
    "settles": "restores the time",
    "settled": "restored the time",
    "where it is missing": "default, required",
}
ALLOWED = ("lay out", "stands out")  # phrases of which one word is forbidden
# On the page.
UNCLEAR = ("spoke", "second next", " against ", "times as long", "× the time", "has it that")
