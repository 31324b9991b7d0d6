"""Snakemake's look at what could start next, which costs as much as small jobs where there are many."""

DEFAULT_LIMIT = (100, 1)  # starts in so many seconds
FEW = 50  # jobs


def throttle_scheduler(scheduler) -> None:
    """Keep a scheduler from looking at every job that could start, again and again; what somebody set stays.

    Snakemake 9.27 looks whenever a job starts or ends, and reads the sizes of all inputs of all jobs that could start.
    Drawing at random those it looks at ends the second half of that. Fewer than could start at once would leave
    cores idle: nothing has it look again. And under a limit of starts, of which no grid needs the default,
    it looks once more a timespan after each look: every start and end adds a look that repeats without end.
    """
    if scheduler is None:
        return
    if scheduler.subsample is None:
        scheduler.subsample = max(FEW, min(scheduler.global_resources[name] for name in ("_cores", "_nodes")))
    limiter = scheduler.job_rate_limiter
    if limiter is not None and (limiter.max_jobs, limiter.timespan) == DEFAULT_LIMIT:
        scheduler.job_rate_limiter = None
