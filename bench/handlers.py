"""Two jobs that do nothing: what remains is the cost of a job as such."""

from parley.kernel.jobs import job


@job("bench.quick", quick=True)
def quick(n: int) -> None:
    return None


@job("bench.outside")
def outside(n: int) -> None:
    return None
