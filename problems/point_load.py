"""A beam on two supports under a load at one point.

    E I w'''' = 0 on both sides of x = a    for 0 < x < L
    w = w'' = 0 at x = 0 and L
    w, w', w'' go on across x = a, E I w''' jumps by -P there

w is the deflection (m).
Coefficients: E = 2.1e11 Pa, I = 1e-5 m^4, L = 4 m, a = 1.5 m, P = 5e4 N.

Exact: w = -P b x (L^2 - b^2 - x^2) / (6 E I L) for x < a, with b = L - a; the same from the other end.
Source: Timoshenko, Strength of Materials, part I (1955), section 33.
"""

from jax import Array

import pinnsven as pv


def make_problem(load: float = 5e4, place: float = 1.5) -> pv.Problem:
    """Returns the deflection, a field in two pieces.

    - `load`: P, N.
    - `place`: a, m.
    """
    length, stiffness = 4.0, 2.1e11 * 1e-5
    rest = length - place

    def left(x: Array) -> Array:
        return -load * rest * x * (length**2 - rest**2 - x**2) / (6 * stiffness * length)

    def right(x: Array) -> Array:
        far = length - x
        return -load * place * far * (length**2 - place**2 - far**2) / (6 * stiffness * length)

    def joint(
        a: Array, b: Array, a_x: Array, b_x: Array, a_xx: Array, b_xx: Array, a_xxx: Array, b_xxx: Array
    ) -> tuple[Array, Array, Array, Array]:
        return a - b, a_x - b_x, a_xx - b_xx, stiffness * (b_xxx - a_xxx) + load

    pieces = {"a": pv.Interval(0, place), "b": pv.Interval(place, length)}
    return pv.Problem(
        domain=pv.Interval(0, length),
        fields=pv.Field("w", pieces=pieces),
        conditions={
            "left": pv.PDE(lambda a_xxxx: stiffness * a_xxxx),
            "right": pv.PDE(lambda b_xxxx: stiffness * b_xxxx),
            "held": pv.Dirichlet(w=0.0, on="x"),
            "free to turn": pv.Boundary(lambda w_xx: w_xx, on="x"),
            "load": pv.Interface(joint, between=("a", "b")),
        },
        exact={"a": left, "b": right},
    )
