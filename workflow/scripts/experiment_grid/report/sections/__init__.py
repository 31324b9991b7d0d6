"""The parts of the page: each module turns results into what its template of the same name shows, and computes none."""
