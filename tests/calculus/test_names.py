"""Which name means what."""

import functools

import jax
import pytest

import pinnsven as pv
from pinnsven._basics._functions import NamedFunction, required_arguments
from pinnsven._calculus._names import (
    CoordinateValue,
    Derivative,
    Gradient,
    Laplacian,
    Normal,
    NormalDerivative,
    UnknownValue,
    Value,
)
from spaces import PLANE, VECTOR, namespace

LONG = namespace(pv.Box(x1=(0, 1), x2=(0, 1), theta=(0, 1)) * pv.Time(tau=(0, 1)), "u p_air")


# Names.

READINGS = [
    (PLANE, "u", Value("u")),
    (PLANE, "v_t", Derivative("v", ("t",))),
    (PLANE, "u_xx", Derivative("u", ("x", "x"))),
    (PLANE, "u_xxxx", Derivative("u", ("x",) * 4)),
    (PLANE, "u_txy", Derivative("u", ("x", "y", "t"))),
    (PLANE, "u_yxyx", Derivative("u", ("x", "x", "y", "y"))),
    (PLANE, "grad_v", Gradient("v")),
    (PLANE, "laplacian_u", Laplacian("u")),
    (PLANE, "v_n", NormalDerivative("v")),
    (PLANE, "normal", Normal()),
    (PLANE, "t", CoordinateValue("t")),
    (PLANE, "nu", UnknownValue("nu")),
    (LONG, "u_x1x1", Derivative("u", ("x1", "x1"))),
    (LONG, "u_x2x1", Derivative("u", ("x1", "x2"))),
    (LONG, "u_thetatau", Derivative("u", ("theta", "tau"))),
    (LONG, "u_tautheta", Derivative("u", ("theta", "tau"))),
    (LONG, "p_air_x2", Derivative("p_air", ("x2",))),
    (LONG, "laplacian_p_air", Laplacian("p_air")),
    (VECTOR, "u_x", Derivative("u", ("x",))),
    (VECTOR, "x", CoordinateValue("x")),
]


@pytest.mark.parametrize(("space", "name", "quantity"), READINGS, ids=lambda v: v if v is str else None)
def test_name_reads_as(space, name, quantity):
    assert space.read(name) == quantity


AMBIGUOUS = [
    (namespace(pv.Box(x=(0, 1), xx=(0, 1))), "u_xx"),
    (namespace(pv.Box(x=(0, 1), xx=(0, 1))), "u_xxx"),
    (namespace(pv.Box(a=(0, 1), b=(0, 1), ab=(0, 1))), "u_ab"),
    (namespace(pv.Box(n=(0, 1))), "u_n"),
    (namespace(pv.Box(x=(0, 1)), "u u_x"), "u_x"),
    (namespace(pv.Box(x=(0, 1)), "u grad_u"), "grad_u"),
    (namespace(pv.Box(x=(0, 1)), "u", ["u_x"]), "u_x"),
]


@pytest.mark.parametrize(("space", "name"), AMBIGUOUS, ids=lambda v: v if isinstance(v, str) else "")
def test_name_with_two_readings_is_an_error(space, name):
    with pytest.raises(ValueError, match=f"{name!r} is ambiguous"):
        space.read(name)


def test_ambiguity_of_one_name_leaves_the_others_alone():
    space = namespace(pv.Box(x=(0, 1), xx=(0, 1)))
    assert space.read("u_x") == Derivative("u", ("x",))


@pytest.mark.parametrize("name", ["grad_u", "laplacian_u", "u_n", "normal"])
def test_names_of_space_do_not_exist_without_space(name):
    with pytest.raises(ValueError, match=name):
        namespace(pv.Time(0, 1)).read(name)


@pytest.mark.parametrize("name", ["u_xx", "u_xt"])
def test_vector_coordinate_has_named_first_derivatives_only(name):
    with pytest.raises(ValueError, match=r"vector coordinate.*laplacian_u"):
        VECTOR.read(name)


class Caller:
    def __call__(self, u, x):
        return u - x


def only_by_keyword(u, *, x, scale=2.0):
    return scale * (u - x)


FUNCTIONS = [
    (lambda u, x: u - x, ("u", "x"), 1.0),
    (lambda u, x, scale=3.0: scale * (u - x), ("u", "x"), 3.0),
    (only_by_keyword, ("u", "x"), 2.0),
    (functools.partial(only_by_keyword, scale=5.0), ("u", "x"), 5.0),
    (functools.partial(only_by_keyword, x=1.0), ("u",), 4.0),
    (Caller(), ("u", "x"), 1.0),
    (Caller().__call__, ("u", "x"), 1.0),
    (jax.jit(lambda u, x: u - x), ("u", "x"), 1.0),
    (lambda: 7.0, (), 7.0),
]


@pytest.mark.parametrize(("function", "names", "value"), FUNCTIONS)
def test_arguments_without_a_default_are_supplied_by_name(function, names, value):
    named = NamedFunction.of(function)
    assert named.names == names
    assert named({"u": 3.0, "x": 2.0, "scale": 100.0}) == pytest.approx(value)


@pytest.mark.parametrize(
    ("function", "phrase"),
    [
        (lambda *args: 0.0, r"\*args: arguments are looked up by name"),
        (lambda u, **rest: u, r"\*\*rest: arguments are looked up by name"),
        (3, "cannot read the argument names of 3"),
        (min, "cannot read the argument names"),
    ],
)
def test_functions_without_readable_names_are_an_error(function, phrase):
    with pytest.raises(ValueError, match=phrase):
        required_arguments(function)
