"""Wrong use is refused where it happens: a table of what is written, and of phrases in its message."""

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest

import pinnsven as pv

NAN, INF = float("nan"), float("inf")

# Words of the machinery, which mean nothing to the reader of a message.
INTERNAL = ("Tracer", "traced", "site-packages", "pinnsven/_", "object has no attribute")


@dataclasses.dataclass(frozen=True)
class Row:
    """Something wrong, the phrases of its message, and the class of the error."""

    name: str
    attempt: Callable[[], object]
    phrases: tuple[str, ...]
    error: type[Exception] = ValueError


class Refused(list[Row]):
    """A table of such rows; each has a name of its own."""

    def add(self, name, attempt, *phrases, error=ValueError):
        assert phrases and name not in {row.name for row in self}, name
        self.append(Row(name, attempt, phrases, error))

    def each(self):
        """The mark that runs a test over the table, with its argument `row`."""
        return pytest.mark.parametrize("row", self, ids=lambda row: row.name)


def check(row: Row) -> None:
    """What is written is refused: the class of the error, the phrases, and no word of the machinery."""
    with pytest.raises(Exception) as caught:
        row.attempt()
    message = str(caught.value)
    assert isinstance(caught.value, row.error), message
    missing = [phrase for phrase in row.phrases if phrase not in message]
    assert not missing, message
    assert not [word for word in INTERNAL if word in message], message


SLAB = pv.Box(x=(0, 1), y=(0, 2)) * pv.Time(0, 1)
TWO_POINTS = {"x": [0.1, 0.2], "y": [0.3, 0.4], "t": [0.5, 0.6]}


def problem(domain=SLAB, fields="u", conditions=None, **options):
    """A sound problem, save for what a row changes."""
    if conditions is None:
        conditions = {"pde": pv.PDE(lambda u_t, u: u_t + u), "start": pv.Initial(u=1.0)}
    return pv.Problem(domain, fields, conditions, **options)


def condition(given, **options):
    return problem(conditions={"mine": given}, **options)


def solve(given=None, **options):
    options = {"network": pv.MLP(2, 1), "points": 4, "max_steps": 1} | options
    return pv.solve(problem() if given is None else given, **options)


CUBE = pv.Box(x=[(0, 1)] * 2)


def pde(function, **options):
    return condition(pv.PDE(function), **options)


def data(points=TWO_POINTS, domain=SLAB, **values):
    return condition(pv.Data(points, **(values or {"u": [0.0, 1.0]})), domain=domain)


def moved(**coordinates):
    return TWO_POINTS | coordinates


MASKED = np.ma.masked_array([0.5, 1e20], mask=[False, True])
LINE = pv.Interval(0, 1)
HEAT = {"pde": pv.PDE(lambda u_t, u_xx: u_t - u_xx)}
STARTED = {"start": pv.Initial(u=0.0)}
WALLS = {"walls": pv.Dirichlet(u=0.0)}
