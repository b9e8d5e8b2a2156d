"""The one table of backends: a row here runs a backend through every law that holds for its kind."""

from collections.abc import Callable
from typing import NamedTuple

import pytest

import pinnsven as pv
from pinnsven._sven import AbstractBackend


class Row(NamedTuple):
    """A backend, and what tells which laws are its own.

    - `backend`: it.
    - `whole`: whether it sees every direction of a matrix.
    - `direct`: whether it factorizes the matrix itself, and leaves the choice of how to no other.
    - `sharp`: whether what it factorizes is known to rounding, rather than to a few per cent.
    """

    backend: AbstractBackend
    whole: bool = True
    direct: bool = True
    sharp: bool = True

    @property
    def truncates(self) -> bool:
        """Whether directions can be dropped."""
        return not self.backend.damps_only


BACKENDS = {
    "gram": Row(pv.GramEigh()),
    "implicit gram": Row(pv.GramEigh(implicit=True)),
    "svd": Row(pv.TruncatedSVD()),
    "qr": Row(pv.QRSVD()),
    "tridiagonal": Row(pv.GramTridiagonal()),
    "implicit tridiagonal": Row(pv.GramTridiagonal(implicit=True)),
    "refined": Row(pv.RefinedGram(), sharp=False),
    "automatic": Row(pv.Automatic(), direct=False),
    "randomized, all": Row(pv.RandomizedSVD(rank=40), direct=False),
    "sketched, no fewer": Row(pv.Sketched(rows=50.0), direct=False),
    "fallback": Row(pv.NonfiniteFallback(), direct=False),
    "randomized": Row(pv.RandomizedSVD(rank=4, oversample=2), whole=False, direct=False),
    "sketched": Row(pv.Sketched(rows=2.0), whole=False, direct=False),
    "sketched columns": Row(
        pv.Sketched(rows=2.0, columns=0.5, inner=pv.QRSVD()), whole=False, direct=False
    ),
    "single": Row(pv.Single(), whole=False, direct=False),
    "single direct": Row(pv.Single(pv.TruncatedSVD()), whole=False, direct=False),
}


def backends(law: Callable[[Row], bool]) -> pytest.MarkDecorator:
    """The mark that runs a test over the backends of a law, with its argument `backend`."""
    chosen = {name: row.backend for name, row in BACKENDS.items() if law(row)}
    return pytest.mark.parametrize("backend", chosen.values(), ids=chosen)


every_backend = backends(lambda row: True)
dampers = backends(lambda row: row.direct and row.sharp)  # a step that damps asks for no more
pseudoinverses = backends(lambda row: row.direct and row.truncates)
whole_backends = backends(lambda row: row.whole and row.truncates)
