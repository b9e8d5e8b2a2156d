"""Fields on parts of the domain, in pieces, complex, of fewer coordinates; and what ties them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import pinnsven as pv
from pinnsven._calculus._layout import FieldPlace
from pinnsven._domains import as_domain
from pinnsven._networks import Embedding
from pinnsven._networks._holes import round_holes

SQUARE = pv.Box(x=(0, 1), y=(0, 1))
LOW, HIGH = pv.Box(x=(0, 1), y=(0, 0.5)), pv.Box(x=(0, 1), y=(0.5, 1))
LINE = pv.Interval(0, 3)
LEFT, RIGHT = pv.Interval(0, 1), pv.Interval(1, 3)


def two_layers():
    """Two materials, one 290 times the other's conductivity: two_materials_glued of the cases."""
    conditions = {
        "below": pv.PDE(lambda laplacian_A: 1.38 * laplacian_A),
        "above": pv.PDE(lambda laplacian_B: 400 * laplacian_B),
        "top": pv.Boundary(lambda T_n: 400 * T_n - 200.0, on="y+"),
        "bottom": pv.Dirichlet(T=20.0, on="y-"),
        "sides": pv.Neumann(T=0.0, on="x"),
        "glue": pv.Interface(lambda A, B, A_n, B_n: (A - B, 1.38 * A_n - 400 * B_n), between="A B"),
    }
    exact = {"A": lambda y: 20 + 200 * y / 1.38, "B": lambda y: 20 + 100 / 1.38 + 0.5 * (y - 0.5)}
    fields = pv.Field("T", pieces={"A": LOW, "B": HIGH})
    return pv.Problem(SQUARE, fields, conditions, exact=exact, name="two layers")


@pytest.fixture(scope="module")
def layered():
    return pv.solve(two_layers())


@pytest.mark.solves
def test_two_materials_are_solved_to_rounding(layered):
    assert layered.status == "converged"
    assert layered.error < 1e-11
    assert set(layered.error) == {"A", "B", "T"}


@pytest.mark.solves
def test_a_field_in_pieces_is_one_field(layered):
    y = np.array([0.2, 0.49, 0.51, 0.9])
    expected = np.where(y < 0.5, 20 + 200 * y / 1.38, 20 + 100 / 1.38 + 0.5 * (y - 0.5))
    np.testing.assert_allclose(layered.T(x=0.3, y=y), expected, rtol=1e-10)
    np.testing.assert_allclose(layered(x=0.3, y=y), expected, rtol=1e-10)
    np.testing.assert_allclose(layered.T_y(x=0.3, y=y), np.where(y < 0.5, 200 / 1.38, 0.5), rtol=1e-8)
    assert layered.grid(x=3, y=4)["T"].shape == (3, 4)


@pytest.mark.solves
def test_a_field_has_no_value_where_it_does_not_live(layered):
    assert np.isnan(layered.A(x=0.5, y=0.7)) and np.isnan(layered.A_y(x=0.5, y=0.7))
    assert np.isfinite(layered.A(x=0.5, y=0.7, outside="extrapolate"))
    assert np.isfinite(layered.B(x=0.5, y=0.5)) and np.isfinite(layered.A(x=0.5, y=0.5))


@pytest.mark.solves
def test_a_file_keeps_where_fields_live(layered, tmp_path):
    layered.save(tmp_path / "layers.pv")
    again = pv.load(tmp_path / "layers.pv")
    places = {"x": 0.5, "y": np.array([0.2, 0.7])}
    np.testing.assert_array_equal(again.T(**places), layered.T(**places))
    np.testing.assert_array_equal(again.B(**places), layered.B(**places))


@pytest.mark.solves
def test_pictures_of_pieces_are_drawn(layered, tmp_path):
    layered.plot(tmp_path / "T.png")
    figure = layered.plot(tmp_path / "A.png", field="A", show="error")
    assert "A, |solution minus exact|" in [axis.get_title() for axis in figure.axes]
    layered.report(tmp_path / "T.html")
    assert "where A and B meet" in (tmp_path / "T.html").read_text()


# Where conditions hold.


def points_of(problem, name):
    site = next(block.site for block in problem.blocks if block.name == name)
    return site.draw(200, pv.Sobol(), np.random.default_rng(0))


def test_conditions_hold_where_their_fields_live():
    problem = two_layers()
    assert np.all(points_of(problem, "below")[0][:, 1] < 0.5)
    assert np.all(points_of(problem, "above")[0][:, 1] > 0.5)
    points, normals = points_of(problem, "glue")
    assert np.all(points[:, 1] == 0.5) and np.all(normals == [0, 1])
    sides = points_of(problem, "sides")[0]
    assert sides[:, 1].min() < 0.1 and sides[:, 1].max() > 0.9


@pytest.mark.parametrize("on", [LOW, lambda y: y < 0.5, lambda x, y: y < 0.5 and x < 2])
def test_an_equation_holds_on_a_part(on):
    conditions = {
        "a": pv.PDE(lambda u_x: u_x, on=on),
        "b": pv.PDE(lambda u_y: u_y, on=HIGH),
        "walls": pv.Dirichlet(u=0.0),
    }
    problem = pv.Problem(SQUARE, "u", conditions)
    assert np.all(points_of(problem, "a")[0][:, 1] < 0.5)
    assert np.all(points_of(problem, "b")[0][:, 1] > 0.5)


def test_an_interface_may_be_curved():
    disk = pv.Disk((0.5, 0.5), 0.2)
    fields = [pv.Field("a", on=disk), pv.Field("b", on=SQUARE - disk)]
    conditions = {
        "a": pv.PDE(lambda laplacian_a: laplacian_a),
        "b": pv.PDE(lambda laplacian_b: laplacian_b),
        "out": pv.Dirichlet(b=0.0, on="x y"),
        "rim": pv.Interface(lambda a, b, a_n, b_n: (a - b, a_n - b_n), between=("b", "a")),
    }
    points, normals = points_of(pv.Problem(SQUARE, fields, conditions), "rim")
    away = points - 0.5
    np.testing.assert_allclose(np.linalg.norm(away, axis=1), 0.2, rtol=1e-12)
    np.testing.assert_allclose(normals, -away / 0.2, atol=1e-12)  # out of b, into the disk


# Refusals.

PIECES = {"A": LOW, "B": HIGH}
BOTH = {"p": pv.PDE(lambda laplacian_A, laplacian_B: laplacian_A + laplacian_B)}
BEYOND = pv.Box(x=(2, 3), y=(2, 3))


def asked(**more):
    plain = {"a": pv.PDE(lambda A_x: A_x), "b": pv.PDE(lambda B_x: B_x)}
    return pv.Problem(SQUARE, [pv.Field("A", on=LOW), pv.Field("B", on=HIGH)], plain | more)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: pv.Field("u", on="left"), "give a shape"),
        (lambda: pv.Field("u", complex="yes"), "True or False"),
        (lambda: pv.Field("u", pieces={"a": LOW}), "two shapes or more"),
        (lambda: pv.Field("u", pieces={"a": LOW, "b": 3}), "no shape"),
        (lambda: pv.Field("u", pieces=PIECES, complex=True), "does not go with pieces"),
        (lambda: pv.Problem(SQUARE, pv.Field("u", on=BEYOND), BOTH), "outside of the domain"),
        (lambda: pv.Problem(SQUARE, pv.Field("u", on=LINE), BOTH), "coordinates"),
        (lambda: pv.Problem(SQUARE, pv.Field("u", of="z"), BOTH), "no coordinate 'z'"),
        (lambda: pv.Problem(SQUARE, pv.Field("u", of=()), BOTH), "unknowns="),
        (lambda: asked(**BOTH), "different parts"),
        (lambda: asked(p=pv.PDE(lambda A_x: A_x, on=HIGH)), "different parts"),
        (lambda: asked(w=pv.Dirichlet(A=0.0, on="y+")), "nowhere there"),
        (lambda: asked(d=pv.Data({"x": [0.5], "y": [0.9]}, A=1.0)), "1 of 1 points lie where A"),
        (lambda: asked(i=pv.Interface(lambda A: A, between="A C")), "no field 'C'"),
        (lambda: asked(p=pv.PDE(lambda A_x: A_x, on=BEYOND)), "outside of the domain"),
        (lambda: asked(p=pv.PDE(lambda A_x: A_x, on="y-")), "on='y-'"),
        (lambda: asked(p=pv.PDE(lambda A_x: A_x, on=lambda x: x > 5)), "no point fell"),
        (lambda: pv.Interface(lambda A: A, between="A"), "two fields"),
        (lambda: pv.Interface(3, between="A B"), "expected a function"),
    ],
)
def test_refused(make, words):
    with pytest.raises(ValueError, match=words):
        make()


def test_parts_that_do_not_touch_or_overlap_have_no_interface():
    apart = [pv.Field("A", on=pv.Interval(0, 1)), pv.Field("B", on=pv.Interval(2, 3))]
    lapped = [pv.Field("A", on=pv.Interval(0, 2)), pv.Field("B", on=pv.Interval(1, 3))]
    plain = {"a": pv.PDE(lambda A_x: A_x), "b": pv.PDE(lambda B_x: B_x)}
    tie = {"i": pv.Interface(lambda A, B: A - B, between="A B")}
    everywhere = ["A", "B"], "all of the domain"
    for fields, words in ((apart, "do not touch"), (lapped, "overlap"), everywhere):
        with pytest.raises(ValueError, match=words):
            pv.Problem(LINE, fields, plain | tie)


# Solved.


@pytest.mark.slow
def test_a_contact_resistance_and_a_thin_layer():
    """Three slabs in series: the flux is what their resistances leave."""
    resistance, near = 0.3, 1 + 1e-8
    thin = near - 1  # as the coordinates have it
    flux = 1 / (1 + resistance + 1 / 1.0 + (3 - near) / 5)
    fields = [
        pv.Field("a", on=LEFT),
        pv.Field("m", on=pv.Interval(1, near)),
        pv.Field("b", on=pv.Interval(near, 3)),
    ]
    conditions = {
        "a": pv.PDE(lambda a_xx: a_xx),
        "m": pv.PDE(lambda m_xx: thin * m_xx),
        "b": pv.PDE(lambda b_xx: b_xx),
        "cold": pv.Dirichlet(a=0.0, on="x-"),
        "warm": pv.Dirichlet(b=1.0, on="x+"),
        "one": pv.Interface(
            lambda a, m, a_n, m_n: (a_n - thin * m_n, m - a - resistance * a_n), between="a m"
        ),
        "two": pv.Interface(lambda m, b, m_n, b_n: (5 * b_n - thin * m_n, m - b), between="m b"),
    }
    solution = pv.solve(pv.Problem(LINE, fields, conditions))
    assert solution.status == "converged"
    np.testing.assert_allclose(solution.a(x=1.0), flux, rtol=1e-8)
    np.testing.assert_allclose(solution.b(x=near), 1 - flux * (3 - near) / 5, rtol=1e-8)


@pytest.mark.slow
def test_an_inclusion_in_a_matrix():
    """A conducting disk in a uniform field: u = x + c x / r^2 outside, b x inside."""
    disk, ratio = pv.Disk((0, 0), 0.5), 10.0
    c, b = 0.25 * (1 - ratio) / (1 + ratio), 2 / (1 + ratio)
    outside = lambda x, y: x + c * x / (x * x + y * y)
    plate = pv.Box(x=(-1, 1), y=(-1, 1))
    conditions = {
        "heat": pv.PDE(lambda laplacian_u: laplacian_u),
        "far": pv.Dirichlet(u=outside),
        "rim": pv.Interface(lambda i, o, i_n, o_n: (i - o, ratio * i_n - o_n), between="i o"),
    }
    fields = pv.Field("u", pieces={"i": disk, "o": plate - disk})
    exact = {"i": lambda x: b * x, "o": outside}
    solution = pv.solve(pv.Problem(plate, fields, conditions, exact=exact))
    assert solution.status == "converged" and solution.error < 1e-10


def packet(x, t):
    """A Gaussian packet at rest, of width one: i psi_t = -psi_xx / 2."""
    spread = 1 + 1j * t
    return jnp.exp(-x * x / (2 * spread)) / jnp.sqrt(spread)


def schroedinger(domain):
    conditions = {
        "equation": pv.PDE(lambda psi_t, psi_xx: 1j * psi_t + psi_xx / 2),
        "start": pv.Initial(psi=lambda x: packet(x, 0.0)),
        "walls": pv.Dirichlet(psi=packet),
    }
    return pv.Problem(domain, pv.Field("psi", complex=True), conditions, exact={"psi": packet})


@pytest.fixture
def plain_promotion():
    """As users have it: real numbers times complex ones, which the tests' strict rules forbid."""
    with jax.numpy_dtype_promotion("standard"):
        yield


@pytest.mark.usefixtures("plain_promotion")
def test_conditions_see_complex_values():
    problem = schroedinger(pv.Interval(-1, 1) * pv.Time(0, 1))
    assert problem.fields == ("psi_re", "psi_im")
    equation = problem.blocks[0]
    assert equation.components == 2
    values = {"psi_re_t": 2.0, "psi_im_t": 3.0, "psi_re_xx": 10.0, "psi_im_xx": 20.0}
    real, imaginary = equation.residual({n: jnp.asarray(v) for n, v in values.items()})
    assert (float(real), float(imaginary)) == (-3 + 5, 2 + 10)


@pytest.mark.slow
@pytest.mark.usefixtures("plain_promotion")
def test_a_complex_field_is_found():
    solution = pv.solve(schroedinger(pv.Interval(-1, 1) * pv.Time(0, 0.5)), time_limit=60)
    assert solution.error["psi"] < 1e-7
    x = np.linspace(-1, 1, 5)
    off = np.abs(solution.psi(x=x, t=0.3) - np.asarray(packet(x, 0.3)))
    assert np.max(off) < 1e-6
    np.testing.assert_array_equal(solution(x=x, t=0.3), solution.psi(x=x, t=0.3))
    assert solution.psi_x(x=0.2, t=0.1).dtype == complex


@pytest.mark.slow
def test_a_field_of_fewer_coordinates_does_not_know_the_others():
    """The profile that makes u_t = k u steady in no way but one: k = -1 - x."""
    fields = ["u", pv.Field("k", of="x", network=pv.MLP(8, 1))]
    exact = lambda x, t: jnp.exp(-(1 + x) * t)
    rng = np.random.default_rng(0)
    places = {"x": rng.random(200), "t": rng.random(200)}
    conditions = {
        "decay": pv.PDE(lambda u_t, u, k: u_t - k * u),
        "readings": pv.Data(places, u=np.asarray(exact(places["x"], places["t"]))),
    }
    domain = pv.Interval(0, 1) * pv.Time(0, 1)
    solution = pv.solve(pv.Problem(domain, fields, conditions), tolerance=1e-4, max_steps=60)
    x = np.linspace(0.05, 0.95, 7)
    np.testing.assert_allclose(solution.k(x=x, t=0.2), -1 - x, atol=0.02)
    np.testing.assert_array_equal(solution.k(x=x, t=0.2), solution.k(x=x, t=0.9))
    np.testing.assert_array_equal(solution.k_t(x=x, t=0.2), 0.0)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("glue", "status"),
    [
        (None, "undetermined"),
        (lambda A, B: A - B, "undetermined"),
        (lambda A, B, A_n, B_n: (A - B, A_n - B_n), "converged"),
        (lambda A_n, B_n: (A_n, B_n), "converged"),
    ],
)
def test_what_an_interface_leaves_open_is_seen(glue, status):
    conditions = {
        "below": pv.PDE(lambda laplacian_A: laplacian_A),
        "above": pv.PDE(lambda laplacian_B: laplacian_B),
        "bottom": pv.Dirichlet(A=lambda x: jnp.cos(jnp.pi * x), on="y-"),
        "top": pv.Dirichlet(B=0.0, on="y+"),
        "sides": pv.Neumann(T=0.0, on="x"),
    }
    if glue is not None:
        conditions["glue"] = pv.Interface(glue, between="A B")
    problem = pv.Problem(SQUARE, pv.Field("T", pieces=PIECES), conditions)
    assert pv.solve(problem, time_limit=60).status == status


PIPE = pv.Annulus((0, 0), 1.0, 2.0)
STEEL, FOAM = pv.Annulus((0, 0), 1.0, 1.2), pv.Annulus((0, 0), 1.2, 2.0)


def test_the_outer_edge_of_a_ring_is_none_of_its_holes():
    """Functions about it would end in the ring, and a jump that no point meets leaves no residual."""
    places = (FieldPlace(STEEL), FieldPlace(FOAM))
    _, radii, shown, _ = round_holes(Embedding(as_domain(PIPE), places=places))
    np.testing.assert_allclose(radii, [0.5, 0.6])  # in half sides of the domain
    np.testing.assert_array_equal(shown, [[1, 0], [0, 1]])
    assert len(round_holes(Embedding(as_domain(PIPE)))[0]) == 1
    membrane = pv.Disk() - pv.Box(x=(-0.4, 0.4), y=(-0.4, 0.4))
    assert len(round_holes(Embedding(as_domain(membrane)))[0]) == 0


@pytest.mark.slow
def test_an_insulated_pipe_loses_what_its_layers_let_through():
    """Two rings and a surface in series, 1,250 to one: logarithms of the radius."""
    resistances = np.log(1.2) / (2 * np.pi * 50), np.log(2 / 1.2) / (2 * np.pi * 0.04)
    lost = 130 / (sum(resistances) + 1 / (2 * np.pi * 10 * 2.0))
    conditions = {
        "steel": pv.PDE(lambda laplacian_steel: 50 * laplacian_steel),
        "foam": pv.PDE(lambda laplacian_foam: 0.04 * laplacian_foam),
        "inside": pv.Dirichlet(steel=423.0, on="inner"),
        "outside": pv.Boundary(lambda foam, foam_n: 0.04 * foam_n + 10 * (foam - 293), on="outer"),
        "join": pv.Interface(
            lambda steel, foam, steel_n, foam_n: (steel - foam, 50 * steel_n - 0.04 * foam_n),
            between="steel foam",
        ),
    }
    fields = pv.Field("T", pieces={"steel": STEEL, "foam": FOAM})
    solution = pv.solve(pv.Problem(PIPE, fields, conditions))
    assert solution.status == "converged"
    flux = solution.integrate(lambda foam_n: -0.04 * foam_n, on="outer")
    assert flux == pytest.approx(lost, rel=1e-8)
    assert solution.T(x=1.2, y=0.0) == pytest.approx(423 - lost * resistances[0], rel=1e-8)
