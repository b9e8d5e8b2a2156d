"""What a case of the adversarial collection is, and how a module of one kind gathers its own."""

import dataclasses
from collections.abc import Callable, Mapping

import pinnsven as pv

NETWORK = pv.MLP(20, 2)  # small: a solve takes seconds
SMALL = pv.MLP(10, 2)  # for ordinary differential equations


@dataclasses.dataclass(frozen=True)
class Case:
    """A problem as people pose it, and what may be said of its answer.

    - `name`: unique in the collection.
    - `kind`: the cause that makes it hard to be honest about.
    - `make`: declares the problem; `exact` is the answer as it was meant, also where others fit.
    - `may_converge`: whether a right answer can be had and said; elsewhere the conditions, the
      readings or the network leave it open, and `converged` with an answer that differs is a lie.
    - `note`: what is wrong, in a few words.
    - `settings`: further arguments of `pv.solve`.
    - `unknowns`: the values of the problem's unknowns as they were meant.
    - `scatter`: the standard deviation of the readings' errors, stated to the problem or not.
    - `near`: where a narrow feature is, as center and width by coordinate: tests look there too.
    - `unchecked`: why the residuals at `exact` are not tested; empty where they are.
    """

    name: str
    kind: str
    make: Callable[[], pv.Problem]
    may_converge: bool
    note: str
    settings: Mapping[str, object] = dataclasses.field(default_factory=dict)
    unknowns: Mapping[str, float] = dataclasses.field(default_factory=dict)
    scatter: float = 0.0
    near: Mapping[str, tuple[float, float]] = dataclasses.field(default_factory=dict)
    unchecked: str = ""


class Kind:
    """The cases of one kind, in the order of their module."""

    def __init__(self, name: str):
        self.name = name
        self.cases: list[Case] = []

    def case(self, note: str, may_converge: bool = False, **more):
        """Decorates a function without arguments that declares a problem: its name is the case's."""

        def add(make: Callable[[], pv.Problem]) -> Callable[[], pv.Problem]:
            self.cases.append(Case(make.__name__, self.name, make, may_converge, note, **more))
            return make

        return add
