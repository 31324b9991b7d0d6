"""Snakemake's look at what could start next, which costs as much as small jobs where there are many."""

DEFAULT_LIMIT = (100, 1)  # starts in so many seconds


def look_only_when_something_happened(scheduler) -> None:
    """Take the default limit of starts a second off a scheduler; one that somebody set stays.

    No grid needs it, and under a limit Snakemake 9.27 looks for jobs once more a timespan after each look: every start
    and end of a job adds a look that repeats as long as something could start.
    """
    limiter = getattr(scheduler, "job_rate_limiter", None)
    if limiter is not None and (limiter.max_jobs, limiter.timespan) == DEFAULT_LIMIT:
        scheduler.job_rate_limiter = None
