"""pinnsven: solves differential equations with small neural networks, to solver accuracy."""

from ._conditions import (
    PDE as PDE,
    AbstractCondition as AbstractCondition,
    Boundary as Boundary,
    Condition as Condition,
    Data as Data,
    Dirichlet as Dirichlet,
    Initial as Initial,
    Neumann as Neumann,
    Robin as Robin,
)
from ._domains import (
    Ball as Ball,
    Box as Box,
    Disk as Disk,
    Interval as Interval,
    Polygon as Polygon,
    Time as Time,
)
from ._networks import (
    MLP as MLP,
    AbstractField as AbstractField,
    Ansatz as Ansatz,
    FourierMLP as FourierMLP,
    SineMLP as SineMLP,
)
from ._problem import Problem as Problem, Reference as Reference
from ._sampling import Grid as Grid, Sobol as Sobol, Uniform as Uniform
from ._sven import FixedStep as FixedStep, SpectralSearch as SpectralSearch, Sven as Sven
