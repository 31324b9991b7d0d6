"""The limit of starts a second, taken off Snakemake's own scheduler object."""

from types import SimpleNamespace

import pytest
from snakemake.cli import get_argument_parser
from snakemake.scheduling.job_scheduler import JobRateLimiter
from snakemake.settings.types import MaxJobsPerTimespan

from frame.scheduling import look_only_when_something_happened


@pytest.mark.parametrize(("limit", "stays"), [(None, False), ("50/1s", True), ("100/1m", True)])
def test_the_default_limit_goes_and_another_stays(limit, stays):
    default = get_argument_parser().get_default("max_jobs_per_timespan")
    scheduler = SimpleNamespace(job_rate_limiter=JobRateLimiter(MaxJobsPerTimespan.parse_choice(limit or default)))
    look_only_when_something_happened(scheduler)
    assert (scheduler.job_rate_limiter is not None) == stays


def test_without_a_limit_nothing_happens():
    scheduler = SimpleNamespace(job_rate_limiter=None)
    look_only_when_something_happened(scheduler)
    look_only_when_something_happened(None)
    assert scheduler.job_rate_limiter is None
