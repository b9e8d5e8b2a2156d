"""Sven: a truncated or damped spectral pseudoinverse of the Jacobian, with step control.

It sees a residual, its Jacobian and a flat parameter vector, and nothing else.
"""

from ._backends import (
    QRSVD as QRSVD,
    AbstractBackend as AbstractBackend,
    AbstractFactors as AbstractFactors,
    DirectSVD as DirectSVD,
    GramEigh as GramEigh,
)
from ._control import (
    AbstractControl as AbstractControl,
    FixedStep as FixedStep,
    Move as Move,
    SpectralSearch as SpectralSearch,
)
from ._core import StepReport as StepReport, Sven as Sven, SvenState as SvenState
from ._least_squares import (
    LeastSquaresResult as LeastSquaresResult,
    least_squares as least_squares,
)
from ._linearization import (
    AbstractResidual as AbstractResidual,
    FunctionResidual as FunctionResidual,
    Linearization as Linearization,
)
