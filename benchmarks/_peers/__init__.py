"""The competitors of `benchmarks/race.py`, one module each; `run(problem, seed, course)` races one."""
