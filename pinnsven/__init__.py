"""pinnsven: solves differential equations with small neural networks, to solver accuracy."""

from . import extend as extend
from ._basics._results import RESULTS as RESULTS
from ._conditions import (
    PDE as PDE,
    AbstractCondition as AbstractCondition,
    Boundary as Boundary,
    Condition as Condition,
    Data as Data,
    Dirichlet as Dirichlet,
    Initial as Initial,
    Integral as Integral,
    Neumann as Neumann,
    Robin as Robin,
)
from ._domains import (
    Ball as Ball,
    Box as Box,
    Disk as Disk,
    Grid as Grid,
    Interval as Interval,
    Polygon as Polygon,
    Sobol as Sobol,
    Time as Time,
    Uniform as Uniform,
)
from ._networks import (
    MLP as MLP,
    AbstractField as AbstractField,
    Ansatz as Ansatz,
    FourierMLP as FourierMLP,
    SineMLP as SineMLP,
)
from ._output._callbacks import Callback as Callback, StopRun as StopRun
from ._output._progress import Progress as Progress
from ._output._records import Reference as Reference
from ._output._solution import Solution as Solution, load as load
from ._problem import Problem as Problem
from ._solving._march import march as march
from ._solving._solve import solve as solve
from ._solving._weighting import (
    BalancedWeights as BalancedWeights,
    FixedWeights as FixedWeights,
    ScaledWeights as ScaledWeights,
)
from ._sven import (
    QRSVD as QRSVD,
    Automatic as Automatic,
    Backtracking as Backtracking,
    FixedStep as FixedStep,
    GramEigh as GramEigh,
    GramTridiagonal as GramTridiagonal,
    NonfiniteFallback as NonfiniteFallback,
    RandomizedSVD as RandomizedSVD,
    RefinedGram as RefinedGram,
    Samples as Samples,
    Single as Single,
    Sketched as Sketched,
    SpectralFilter as SpectralFilter,
    SpectralSearch as SpectralSearch,
    Sven as Sven,
    TruncatedSVD as TruncatedSVD,
    least_squares as least_squares,
)
