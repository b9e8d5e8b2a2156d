"""Small problems as people pose them, by the cause that makes it hard to be honest about the answer.

Every module holds cases of one kind; `CASES` holds all of them by name. Each knows the answer that
was meant, also where the conditions do not ask for it.
"""

import importlib

from ._case import Case as Case, Kind

_MODULES = (
    "forgotten_in_time",
    "forgotten",
    "open_in_parts",
    "open_by_switches",
    "open_unseen",
    "gauges",
    "gauges_of_fields",
    "unstable",
    "unstable_fields",
    "integrals",
    "noise",
    "unknowns",
    "networks",
    "jumps",
    "jumps_unseen",
    "jumps_without_harm",
    "scales",
    "scales_of_heat",
    "narrow",
    "right",
    "right_in_time",
    "right_fields",
)


def _kind(module: str) -> Kind:
    return importlib.import_module(f".{module}", __name__).kind


CASES: dict[str, Case] = {case.name: case for module in _MODULES for case in _kind(module).cases}
