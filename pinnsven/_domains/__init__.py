"""Where: named coordinates, points inside and on the boundary, outward normals."""

from ._box import Box as Box, Interval as Interval
from ._coordinates import stack_coordinates as stack_coordinates
from ._domain import (
    AbstractSite as AbstractSite,
    Domain as Domain,
    Facets as Facets,
    Interior as Interior,
    Moment as Moment,
    Moments as Moments,
    On as On,
    Time as Time,
    as_domain as as_domain,
    boundary_site as boundary_site,
)
from ._polygon import Polygon as Polygon
from ._quadrature import integration_rule as integration_rule
from ._round import Ball as Ball, Disk as Disk
from ._sampling import (
    AbstractSampler as AbstractSampler,
    Grid as Grid,
    Sobol as Sobol,
    Uniform as Uniform,
)
from ._shape import (
    AbstractShape as AbstractShape,
    Coordinate as Coordinate,
    Difference as Difference,
    Facet as Facet,
    Intersection as Intersection,
    Product as Product,
    Union as Union,
)
