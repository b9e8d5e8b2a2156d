"""AbstractField and the shipped networks, exact periodicity, ansatz."""

from ._ansatz import Ansatz as Ansatz
from ._base import (
    AbstractArchitecture as AbstractArchitecture,
    AbstractField as AbstractField,
    Embedding as Embedding,
    FieldModel as FieldModel,
)
from ._mlp import MLP as MLP, FourierMLP as FourierMLP, SineMLP as SineMLP
from ._model import build_model as build_model
from ._parameters import (
    AbstractParameters as AbstractParameters,
    Parameters as Parameters,
    Silenced as Silenced,
    flat_parameters as flat_parameters,
    trained_arrays as trained_arrays,
    with_parameters as with_parameters,
)
