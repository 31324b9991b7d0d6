"""No other job of a run is running while it measures times."""

import json
from datetime import datetime, timedelta


def test_nothing_runs_beside_the_timing(finished):
    """By the records of a run on two cores: all other jobs ended before it started, or started after it ended."""
    records = [json.loads(path.read_text("utf-8")) for path in (finished / "results").rglob("*.json")]
    records = [record for record in records if "recipe" in record and "finished" in record]
    (timing,) = (record for record in records if record["stage"] == "timing")
    end = datetime.fromisoformat(timing["finished"])
    begin = end - timedelta(seconds=timing["seconds"])
    others = [record for record in records if record["stage"] != "timing"]
    assert len(others) > 10
    for record in others:
        assert datetime.fromisoformat(record["finished"]) < begin or datetime.fromisoformat(record["started"]) > end
    trained = [datetime.fromisoformat(record["finished"]) for record in others if record["stage"] == "train"]
    assert max(trained) < begin
