"""What it takes to extend pinnsven from outside: a class of your own in place of one of its own.

- A condition: `AbstractCondition`, whose `bind` makes a `Block` by `make_block` or `make_pair_block`.
- A shape: `AbstractShape`, made of `Coordinate` and `Facet`; `register_shape` makes it known to files.
- A network: `AbstractArchitecture`, which builds an `AbstractField`.
- A backend: `AbstractBackend`, which makes `AbstractFactors` of an `AbstractLinearization`.
- A control: `AbstractControl`, which makes a `Move` of an `Offer`.
- A sampler: `AbstractSampler`. A weighting: `AbstractWeighting`.
- A callback: `Callback`, which is told of `RunInfo`, `StepRecord` and `Estimate`.
- A writer: `AbstractWriter`, made known by `register_writer`.

docs/extending.md has a complete example of each.
"""

from ._basics._functions import NamedFunction
from ._calculus._names import NameSpace
from ._conditions import AbstractCondition, Block, FixedPoints, make_block, make_pair_block
from ._domains import (
    AbstractSampler,
    AbstractShape,
    AbstractSite,
    Coordinate,
    Domain,
    Facet,
    Facets,
    Interior,
    Moment,
    boundary_site,
    register_shape,
)
from ._networks import AbstractArchitecture, AbstractField
from ._output._callbacks import Callback, RunInfo, StopRun
from ._output._data import SolutionData
from ._output._records import Estimate, StepRecord
from ._output._writers import AbstractWriter, register_writer
from ._solving._weighting import AbstractWeighting
from ._sven import (
    AbstractBackend,
    AbstractControl,
    AbstractFactors,
    AbstractLinearization,
    AbstractResidual,
    Damping,
    LeftFactors,
    Move,
    Offer,
    RightFactors,
    Scaling,
)

__all__ = [
    "AbstractArchitecture",
    "AbstractBackend",
    "AbstractCondition",
    "AbstractControl",
    "AbstractFactors",
    "AbstractField",
    "AbstractLinearization",
    "AbstractResidual",
    "AbstractSampler",
    "AbstractShape",
    "AbstractSite",
    "AbstractWeighting",
    "AbstractWriter",
    "Block",
    "Callback",
    "Coordinate",
    "Damping",
    "Domain",
    "Estimate",
    "Facet",
    "Facets",
    "FixedPoints",
    "Interior",
    "LeftFactors",
    "Moment",
    "Move",
    "NameSpace",
    "NamedFunction",
    "Offer",
    "RightFactors",
    "RunInfo",
    "Scaling",
    "SolutionData",
    "StepRecord",
    "StopRun",
    "boundary_site",
    "make_block",
    "make_pair_block",
    "register_shape",
    "register_writer",
]
