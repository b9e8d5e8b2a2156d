"""Residuals of u + e, linearized around any e of a second space, at points that stay.

Most conditions are functions of values at a point. In a drawn space these are sums of what its
functions are there, which is found once; the other conditions, and other spaces, are linearized anew.
"""

import functools
from collections.abc import Callable, Iterator

import numpy as np

from ._drawn_programs import Parted, owners_of, rows_of_values, values_of_space
from ._drawn_values import OfValues, combined
from ._residual import Batch, ResidualSystem, active_rows
from ._spaces import AbstractSecondSpace, DrawnSpace, linear


class Around:
    """A system of residuals as functions of a space's coefficients, at one set of points.

    - `system`: has the space in place of parameters.
    - `batches`: the points.
    - `name`: of its programs.
    """

    def __init__(self, system: ResidualSystem, batches: tuple[Batch, ...], name: str):
        assert isinstance(system.parameters, AbstractSecondSpace)
        self._space, self._name = system.parameters, name
        self._fields = len(system.blocks[0].plan.space.fields)
        self._tables: list[np.ndarray] = []
        drawn = isinstance(self._space, DrawnSpace)
        parted = Parted.of(system, self._space.plain.model if drawn else None)
        self._mine, self._of_values, self._others = parted.mine, parted.of_values, parted.others
        self._batches, self._beside = (parted.batches(batches, kind) for kind in (True, False))

    def at(self, coefficients, compiled: Callable) -> list[tuple[np.ndarray, np.ndarray]]:
        """Jacobian (rows, coefficients) and residual (rows,) of every condition.

        - `compiled`: makes a compiled function of a name, a function and its arguments.
        """
        run = lambda name, function, given: compiled(name, function, *given)(*given)
        of_values = self._from_values(np.asarray(coefficients), run)
        others = self._anew(np.asarray(coefficients), run)
        return [next(of_values if mine else others) for mine in self._mine]

    def programs(self) -> Iterator[tuple[str, Callable, tuple]]:
        """What that is made of: names, functions and their arguments."""
        nothing = np.zeros(self._space.size)
        if self._of_values is not None:
            yield self._tabulating
            widths = [len(owners) for owners in self._owners]
            pairs = zip(self._batches, widths, strict=True)
            yield self._judging(nothing, tuple(np.zeros((len(b.scale), n)) for b, n in pairs))
        if self._others is not None:
            yield self._linearizing(nothing)

    @property
    def _tabulating(self):
        return f"{self._name}, values", values_of_space, (self._of_values, self._batches)

    def _judging(self, coefficients, values):
        given = (self._of_values, coefficients, values, self._batches)
        return f"{self._name}, conditions", rows_of_values, given

    def _linearizing(self, coefficients):
        return self._name, linear, (self._others, coefficients, self._beside)

    @functools.cached_property
    def _owners(self) -> list[np.ndarray]:
        """The number of the field that each value is of, by condition."""
        assert self._of_values is not None
        return [np.array(owners_of(block), int) for block in self._of_values.blocks]

    def _from_values(self, coefficients, run) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Of the conditions that are functions of values: what is found around these coefficients.

        - `run`: runs a program by name, for arguments.
        """
        if self._of_values is None:
            return
        # Of u, then of all functions, (points, values, 1 + functions).
        self._tables = self._tables or [np.asarray(table) for table in run(*self._tabulating)]
        moved = coefficients[: self._space.functions].reshape(-1, self._fields)
        values = tuple(
            table[..., 0] + combined(table[..., 1:], moved, owners)
            for table, owners in zip(self._tables, self._owners, strict=True)
        )
        rows = run(*self._judging(coefficients, values))
        for table, owners, part, batch in zip(
            self._tables, self._owners, rows, self._batches, strict=True
        ):
            residual, slopes, own = (np.asarray(array)[: int(batch.active)] for array in part)
            along = OfValues(slopes, table[: len(slopes), :, 1:], owners, self._fields).jacobian()
            yield np.hstack([along, own.reshape(len(along), -1)]), residual.ravel()

    def _anew(self, coefficients, run) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        if self._others is None:
            return
        jacobian, residual = map(np.asarray, run(*self._linearizing(coefficients)))
        for rows in active_rows(self._others, self._beside):
            yield jacobian[rows.ravel()], residual[rows.ravel()]
