"""pinnsven: solves differential equations with small neural networks, to solver accuracy.

Equations and conditions are functions that get what their argument names ask for:

    import pinnsven as pv

    conditions = {
        "decay": pv.PDE(lambda u, u_t: u_t + u),
        "start": pv.Initial(u=1.0),
    }
    solution = pv.solve(pv.Problem(pv.Time(0, 1), "u", conditions))
    print(solution)
    print(solution.u(t=0.5))
"""

from . import extend as extend
from ._basics._results import RESULTS as RESULTS
from ._basics._version import __version__ as __version__
from ._conditions import (
    PDE as PDE,
    AbstractCondition as AbstractCondition,
    Boundary as Boundary,
    Condition as Condition,
    Convolution as Convolution,
    Data as Data,
    Dirichlet as Dirichlet,
    Gridded as Gridded,
    Huber as Huber,
    Initial as Initial,
    Integral as Integral,
    Interface as Interface,
    Neumann as Neumann,
    Pairs as Pairs,
    Periodic as Periodic,
    Robin as Robin,
)
from ._domains import (
    Annulus as Annulus,
    Ball as Ball,
    Box as Box,
    Cylinder as Cylinder,
    Disk as Disk,
    Ellipse as Ellipse,
    Grid as Grid,
    HalfSpace as HalfSpace,
    Interval as Interval,
    Mesh as Mesh,
    Parameter as Parameter,
    PointCloud as PointCloud,
    Polygon as Polygon,
    Sobol as Sobol,
    Solid as Solid,
    Time as Time,
    Uniform as Uniform,
)
from ._networks import (
    MLP as MLP,
    AbstractField as AbstractField,
    Ansatz as Ansatz,
    FourierMLP as FourierMLP,
    RandomFeatures as RandomFeatures,
    SeparableMLP as SeparableMLP,
    SineMLP as SineMLP,
)
from ._output._callbacks import Callback as Callback, StopRun as StopRun
from ._output._grids import GridValues as GridValues
from ._output._loggers import (
    CSVLog as CSVLog,
    JSONLines as JSONLines,
    Movie as Movie,
    PrintEvery as PrintEvery,
    StopWhen as StopWhen,
    TensorBoard as TensorBoard,
)
from ._output._progress import Progress as Progress
from ._output._records import Reference as Reference
from ._output._solution import Solution as Solution, load as load
from ._problem import (
    Field as Field,
    Problem as Problem,
    Unknown as Unknown,
    method_of_lines as method_of_lines,
)
from ._solving._cost import Cost as Cost, predict_cost as predict_cost
from ._solving._eigen import Eigen as Eigen, eigen as eigen
from ._solving._evolve import Evolution as Evolution, evolve as evolve
from ._solving._linearize import Linearized as Linearized, linearize as linearize
from ._solving._march import march as march
from ._solving._sweep import Sweep as Sweep, sweep as sweep
from ._solving._weighting import (
    BalancedWeights as BalancedWeights,
    FixedWeights as FixedWeights,
    ScaledWeights as ScaledWeights,
)
from ._solving._whole import solve as solve
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

__all__ = [
    "MLP",
    "PDE",
    "QRSVD",
    "RESULTS",
    "AbstractCondition",
    "AbstractField",
    "Annulus",
    "Ansatz",
    "Automatic",
    "Backtracking",
    "BalancedWeights",
    "Ball",
    "Boundary",
    "Box",
    "CSVLog",
    "Callback",
    "Condition",
    "Convolution",
    "Cost",
    "Cylinder",
    "Data",
    "Dirichlet",
    "Disk",
    "Eigen",
    "Ellipse",
    "Evolution",
    "Field",
    "FixedStep",
    "FixedWeights",
    "FourierMLP",
    "GramEigh",
    "GramTridiagonal",
    "Grid",
    "GridValues",
    "Gridded",
    "HalfSpace",
    "Huber",
    "Initial",
    "Integral",
    "Interface",
    "Interval",
    "JSONLines",
    "Linearized",
    "Mesh",
    "Movie",
    "Neumann",
    "NonfiniteFallback",
    "Pairs",
    "Parameter",
    "Periodic",
    "PointCloud",
    "Polygon",
    "PrintEvery",
    "Problem",
    "Progress",
    "RandomFeatures",
    "RandomizedSVD",
    "Reference",
    "RefinedGram",
    "Robin",
    "Samples",
    "ScaledWeights",
    "SeparableMLP",
    "SineMLP",
    "Single",
    "Sketched",
    "Sobol",
    "Solid",
    "Solution",
    "SpectralFilter",
    "SpectralSearch",
    "StopRun",
    "StopWhen",
    "Sven",
    "Sweep",
    "TensorBoard",
    "Time",
    "TruncatedSVD",
    "Uniform",
    "Unknown",
    "eigen",
    "evolve",
    "extend",
    "least_squares",
    "linearize",
    "load",
    "march",
    "method_of_lines",
    "predict_cost",
    "solve",
    "sweep",
]


def __dir__() -> list[str]:
    """The public names alone, for completion and `dir`."""
    return [*__all__, "__doc__", "__version__"]
