"""Sven: a truncated or damped spectral pseudoinverse of the Jacobian, with step control.

It sees a residual, its Jacobian and a flat parameter vector, and nothing else.
"""

from ._approximate import (
    NonfiniteFallback as NonfiniteFallback,
    RandomizedSVD as RandomizedSVD,
    Single as Single,
    Sketched as Sketched,
)
from ._automatic import Automatic as Automatic
from ._backends import (
    QRSVD as QRSVD,
    AbstractBackend as AbstractBackend,
    AbstractFactors as AbstractFactors,
    BothFactors as BothFactors,
    GramEigh as GramEigh,
    LeftFactors as LeftFactors,
    RightFactors as RightFactors,
    TruncatedSVD as TruncatedSVD,
)
from ._control import (
    AbstractControl as AbstractControl,
    Backtracking as Backtracking,
    FixedStep as FixedStep,
    Move as Move,
    Offer as Offer,
    SpectralFilter as SpectralFilter,
)
from ._core import Sven as Sven
from ._function import FunctionResidual as FunctionResidual, Samples as Samples
from ._layers import (
    RowFactors as RowFactors,
    RowProgram as RowProgram,
    most_uses as most_uses,
    paying_leaves as paying_leaves,
)
from ._least_squares import (
    LeastSquaresResult as LeastSquaresResult,
    least_squares as least_squares,
)
from ._linearization import (
    AbstractLinearization as AbstractLinearization,
    AbstractResidual as AbstractResidual,
    GramSum as GramSum,
    Linearization as Linearization,
)
from ._refined import RefinedGram as RefinedGram
from ._search import SpectralSearch as SpectralSearch
from ._spread import Spread as Spread, SpreadResidual as SpreadResidual
from ._square import (
    AbstractSquare as AbstractSquare,
    Damping as Damping,
    Diagonal as Diagonal,
    Scaling as Scaling,
)
from ._step import StepReport as StepReport, SvenState as SvenState
from ._tridiagonal import GramTridiagonal as GramTridiagonal, reduced as reduced
