"""Where: named coordinates, points inside and on the boundary, outward normals."""

from ._boundary import boundary_rule as boundary_rule, outward_normals as outward_normals
from ._box import Box as Box, Interval as Interval
from ._cloud import PointCloud as PointCloud
from ._combined import Difference as Difference, Intersection as Intersection, Union as Union
from ._coordinates import stack_coordinates as stack_coordinates
from ._descriptions import (
    describe_shape as describe_shape,
    plain_fact as plain_fact,
    register_shape as register_shape,
    shape_of as shape_of,
    tupled as tupled,
)
from ._domain import (
    Domain as Domain,
    Parameter as Parameter,
    Time as Time,
    as_domain as as_domain,
)
from ._half_space import HalfSpace as HalfSpace
from ._mesh import Mesh as Mesh
from ._named_shapes import Annulus as Annulus, Cylinder as Cylinder, Ellipse as Ellipse
from ._parts import (
    EachPart as EachPart,
    cut_site as cut_site,
    inner_site as inner_site,
    interface_site as interface_site,
    within_domain as within_domain,
)
from ._pieces import (
    Coordinate as Coordinate,
    Facet as Facet,
    each_once as each_once,
    even_probe as even_probe,
)
from ._placed import Placed as Placed
from ._polygon import Polygon as Polygon
from ._product import Product as Product
from ._quadrature import integration_rule as integration_rule
from ._round import Ball as Ball, Disk as Disk
from ._rules import box_rule as box_rule, gauss_rule as gauss_rule
from ._sampling import (
    AbstractSampler as AbstractSampler,
    Grid as Grid,
    Sobol as Sobol,
    Uniform as Uniform,
)
from ._sections import Round as Round
from ._shape import AbstractShape as AbstractShape
from ._sites import (
    AbstractSite as AbstractSite,
    Facets as Facets,
    Interior as Interior,
    Moment as Moment,
    Moments as Moments,
    On as On,
    boundary_site as boundary_site,
)
from ._solid import Solid as Solid
from ._surfaces import (
    AbstractSurface as AbstractSurface,
    Plane as Plane,
    Slope as Slope,
    Sphere as Sphere,
)
