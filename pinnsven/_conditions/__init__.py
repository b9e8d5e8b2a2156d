"""What must hold: interior, boundary, initial and data conditions."""

from ._base import (
    GIVEN as GIVEN,
    AbstractCondition as AbstractCondition,
    Block as Block,
    check_count as check_count,
    make_block as make_block,
    points_array as points_array,
)
from ._boundary import (
    Boundary as Boundary,
    Dirichlet as Dirichlet,
    Initial as Initial,
    Neumann as Neumann,
    Robin as Robin,
)
from ._built_in import (
    BuiltIn as BuiltIn,
    Term as Term,
    number_lift as number_lift,
)
from ._components import in_components as in_components
from ._convolution import Convolution as Convolution
from ._data import MEASURED as MEASURED, Data as Data
from ._described_terms import describe_terms as describe_terms, terms_of as terms_of
from ._exact import (
    built_in_terms as built_in_terms,
    largest_distance_scale as largest_distance_scale,
    obstacle as obstacle,
    points_inside as points_inside,
)
from ._gridded import Gridded as Gridded
from ._integral import INTEGRAL as INTEGRAL, Integral as Integral
from ._interior import (
    BETWEEN as BETWEEN,
    PDE as PDE,
    Condition as Condition,
    Interface as Interface,
)
from ._pairs import make_pair_block as make_pair_block
from ._patch import patch_of as patch_of, wall_series as wall_series
from ._places import FixedPoints as FixedPoints, GivenValues as GivenValues
from ._robust import Huber as Huber
from ._tied import Pairs as Pairs, Periodic as Periodic
