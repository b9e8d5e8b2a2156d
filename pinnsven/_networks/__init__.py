"""AbstractField and the shipped networks, exact periodicity, ansatz."""

from ._ansatz import Ansatz as Ansatz
from ._base import (
    AbstractArchitecture as AbstractArchitecture,
    AbstractField as AbstractField,
    Alone as Alone,
    Embedding as Embedding,
    FieldModel as FieldModel,
    Identity as Identity,
    Scaling as Scaling,
    Together as Together,
    by_field as by_field,
    in_combination as in_combination,
)
from ._drawn import (
    FLATTEST as FLATTEST,
    POLE_SHARE as POLE_SHARE,
    Closer as Closer,
    DrawnLayer as DrawnLayer,
    DrawnUnits as DrawnUnits,
    draw_slopes as draw_slopes,
    share_features as share_features,
    times_features as times_features,
)
from ._features import (
    AbstractFeature as AbstractFeature,
    Bend as Bend,
    CornerPowers as CornerPowers,
    HeatProfile as HeatProfile,
    Layer as Layer,
    describe_features as describe_features,
    feature_of as feature_of,
)
from ._holes import (
    around_poles as around_poles,
    draw_poles as draw_poles,
    holes_of as holes_of,
    pole_power as pole_power,
)
from ._mlp import MLP as MLP, FourierMLP as FourierMLP, SineMLP as SineMLP
from ._model import build_model as build_model, field_groups as field_groups
from ._parameters import (
    AbstractParameters as AbstractParameters,
    Parameters as Parameters,
    Silenced as Silenced,
    flat_parameters as flat_parameters,
    trained_arrays as trained_arrays,
    with_parameters as with_parameters,
)
from ._products import (
    NONE as NONE,
    WAVE as WAVE,
    count_products as count_products,
    degrees_over_space as degrees_over_space,
    layout_of as layout_of,
    most_degree as most_degree,
    product_degrees as product_degrees,
    products_of as products_of,
    turns_of as turns_of,
)
from ._random_features import RandomFeatures as RandomFeatures
from ._screen import Screen as Screen
from ._separable import SeparableMLP as SeparableMLP
from ._trajectory import (
    Between as Between,
    ProductsInTime as ProductsInTime,
    Trajectory as Trajectory,
)
