"""The ground floor: what knows nothing of conditions, networks or solvers."""
