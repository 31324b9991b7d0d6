"""When, and at how many jobs, Snakemake's scheduler looks. That it starts all that can: tests/slurm."""

import sys
from types import SimpleNamespace

import pytest
from snakemake.cli import get_argument_parser
from snakemake.scheduling.job_scheduler import JobRateLimiter
from snakemake.settings.types import MaxJobsPerTimespan

from experiment_grid.runtime.engine import throttle_scheduler


def scheduler(subsample=None, limiter=None, cores=4, nodes=sys.maxsize):
    resources = {"_cores": cores, "_nodes": nodes}
    return SimpleNamespace(subsample=subsample, job_rate_limiter=limiter, global_resources=resources)


@pytest.mark.parametrize(("limit", "stays"), [(None, False), ("50/1s", True), ("100/1m", True)])
def test_the_default_limit_goes_and_another_stays(limit, stays):
    default = get_argument_parser().get_default("max_jobs_per_timespan")
    limited = scheduler(limiter=JobRateLimiter(MaxJobsPerTimespan.parse_choice(limit or default)))
    throttle_scheduler(limited)
    assert (limited.job_rate_limiter is not None) == stays


@pytest.mark.parametrize(
    ("room", "looks_at"),
    [({"cores": 4}, 50), ({"cores": 96}, 96), ({"cores": sys.maxsize, "nodes": 200}, 200), ({"subsample": 7}, 7)],
)
def test_it_looks_at_as_many_jobs_as_could_start(room, looks_at):
    roomy = scheduler(**room)
    throttle_scheduler(roomy)
    assert (roomy.subsample, roomy.job_rate_limiter) == (looks_at, None)


def test_without_a_scheduler_nothing_happens():
    throttle_scheduler(None)
