# %%
"""Lesson 10: when a classical solver is the better tool.

On a square a spectral method needs milliseconds where pinnsven needs seconds. With a hole in the square
a plain grid never gets as far as pinnsven, and a method made for this one equation does at once. The
lesson measures them all. Fifteen minutes.
"""

# %% [markdown]
# ## A square
#
# $$u_{xx} + u_{yy} + 2 \pi^2 \sin(\pi x) \sin(\pi y) = 0 \quad \text{on } [-1, 1]^2, \qquad
# u = 0 \text{ on the edges} .$$
#
# The solution is $\sin(\pi x) \sin(\pi y)$. First the classical way: u is a polynomial through its
# values at Chebyshev's points, and a matrix D takes derivatives of such polynomials exactly.

# %%
import time

import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
import scipy.sparse
import scipy.sparse.linalg

import pinnsven as pv


def chebyshev(n):
    """Chebyshev's n + 1 points, and the matrix that takes the derivative of the polynomial there."""
    x = np.cos(np.pi * np.arange(n + 1) / n)
    weight = np.where(np.arange(n + 1) % n == 0, 2.0, 1.0) * (-1.0) ** np.arange(n + 1)
    distance = x[:, None] - x[None, :] + np.eye(n + 1)
    D = np.outer(weight, 1 / weight) / distance
    return x, D - np.diag(D.sum(axis=1))  # a constant has no slope, so rows add up to zero


def spectral(n):
    """The values of u at all pairs of Chebyshev's points, by eigenvalues of one small matrix."""
    x, D = chebyshev(n)
    inner = x[1:-1]
    values, vectors = np.linalg.eig((D @ D)[1:-1, 1:-1])
    source = -2 * np.pi**2 * np.outer(np.sin(np.pi * inner), np.sin(np.pi * inner))
    back = np.linalg.inv(vectors)
    parts = back @ source @ back.T / (values[:, None] + values[None, :])
    return inner, np.real(vectors @ parts @ vectors.T)


sizes, spectral_errors, spectral_seconds = range(6, 31, 4), [], []
for n in sizes:
    began = time.perf_counter()
    inner, u = spectral(n)
    spectral_seconds.append(time.perf_counter() - began)
    exactly = np.outer(np.sin(np.pi * inner), np.sin(np.pi * inner))
    spectral_errors.append(np.linalg.norm(u - exactly) / np.linalg.norm(exactly))
    print(f"{n:3d} intervals: error {spectral_errors[-1]:.1e}, {1e3 * spectral_seconds[-1]:.1f} ms")


# %%
def source(laplacian_u, x, y):
    return laplacian_u + 2 * jnp.pi**2 * jnp.sin(jnp.pi * x) * jnp.sin(jnp.pi * y)


square = pv.Box(x=(-1, 1), y=(-1, 1))
box = pv.solve(
    pv.Problem(
        domain=square,
        fields="u",
        conditions={"poisson": pv.PDE(source), "edges": pv.Dirichlet(u=0.0)},
        exact=lambda x, y: jnp.sin(jnp.pi * x) * jnp.sin(jnp.pi * y),
        name="square",
    ),
    estimate_error=False,  # the error is known here
)
print(box)
print(f"pinnsven {box.seconds:.1f} s, spectral method {1e3 * spectral_seconds[-1]:.1f} ms")

# %% [markdown]
# Both end near rounding. The spectral method does so thousands of times faster, with fifteen lines of
# numpy. On a square, and wherever else such a method exists, use it.
#
# ## A square with a hole
#
# Now a disk of radius 0.3 around (0.2, 0.1) is cut out. In what is left $u_{xx} + u_{yy} = 0$, with $u
# = x$ on the outer edges and $u = 0$ on the circle.
#
# The spectral method above has no place for a hole: its matrices are made of rows and columns. A grid
# of squares has one, if a point inside the disk counts as lying on its edge. The circle becomes a
# staircase. pinnsven asks the conditions at points, which lie on a circle as easily as on an edge.

# %%
CENTER, RADIUS = (0.2, 0.1), 0.3


def on_grid(n):
    """Finite differences with n intervals a side: places, values, where they are free, and seconds."""
    began = time.perf_counter()
    x, y = np.meshgrid(*2 * [np.linspace(-1, 1, n + 1)], indexing="ij")
    hole = (x - CENTER[0]) ** 2 + (y - CENTER[1]) ** 2 < RADIUS**2
    free = ~(hole | (np.abs(x) == 1) | (np.abs(y) == 1))
    values = np.where(hole, 0.0, x)
    second = scipy.sparse.diags([1.0, -2.0, 1.0], [-1, 0, 1], shape=(n + 1, n + 1))
    one = scipy.sparse.identity(n + 1)
    laplacian = (scipy.sparse.kron(second, one) + scipy.sparse.kron(one, second)).tocsr()
    unknown, known = np.flatnonzero(free.ravel()), np.flatnonzero(~free.ravel())
    right = -laplacian[unknown][:, known] @ values.ravel()[known]
    matrix = laplacian[unknown][:, unknown].tocsc()
    values[free] = scipy.sparse.linalg.spsolve(matrix, right)
    return x[free], y[free], values[free], time.perf_counter() - began


holed = pv.solve(
    pv.Problem(
        domain=square - pv.Disk(center=CENTER, radius=RADIUS, name="hole"),
        fields="u",
        conditions={
            "laplace": pv.PDE(lambda laplacian_u: laplacian_u),
            "outside": pv.Dirichlet(u=lambda x: x, on="x y"),
            "circle": pv.Dirichlet(u=0.0, on="hole"),
        },
        name="square with a hole",
    ),
    tolerance=1e-5,
)
print(holed)

# %% [markdown]
# ## Who is right?
#
# There is no closed form. But for this one equation there is a third method. The real and imaginary
# parts of $z^k$, of $(z - c)^{-k}$, and $\log |z - c|$ all solve it, c being the center of the hole.
# So only the edges are left to be met, by linear least squares. Its misfit on the edges bounds its
# error.


# %%
def functions(x, y):
    """Solutions of the equation around the hole, as columns."""
    z = (np.ravel(x) + 1j * np.ravel(y))[:, None]
    away = z - complex(*CENTER)
    outer = (z / np.sqrt(2)) ** np.arange(41)
    inner = (RADIUS / away) ** np.arange(1, 41)
    return np.hstack([outer.real, outer.imag[:, 1:], inner.real, inner.imag, np.log(np.abs(away))])


began = time.perf_counter()
side, angle = np.cos(np.pi * np.arange(121) / 120), 2 * np.pi * np.arange(200) / 200
edge_x = np.concatenate([side, side, np.ones(121), -np.ones(121)])
edge_y = np.concatenate([np.ones(121), -np.ones(121), side, side])
A = functions(
    np.concatenate([edge_x, CENTER[0] + RADIUS * np.cos(angle)]),
    np.concatenate([edge_y, CENTER[1] + RADIUS * np.sin(angle)]),
)
wanted = np.concatenate([edge_x, np.zeros(200)])
factors = np.linalg.lstsq(A, wanted)[0]
misfit = np.abs(A @ factors - wanted).max()
harmonic_seconds = time.perf_counter() - began
print(f"harmonic functions: misfit on the edges {misfit:.1e}, {1e3 * harmonic_seconds:.0f} ms")


def error_of(values, x, y):
    """The relative error of values at places, held against the harmonic functions."""
    truth = functions(x, y) @ factors
    return np.linalg.norm(values - truth) / np.linalg.norm(truth)


intervals = np.array([20, 40, 80, 160, 320])
grids = [on_grid(int(n)) for n in intervals]
grid_errors = np.array([error_of(values, x, y) for x, y, values, _ in grids])
grid_seconds = [seconds for *_, seconds in grids]
for n, error, seconds in zip(intervals, grid_errors, grid_seconds, strict=True):
    print(f"{n:4d} intervals a side: error {error:.1e}, {seconds:.3f} s")
hole_error = error_of(holed(x=grids[1][0], y=grids[1][1]), *grids[1][:2])
print(f"pinnsven: error {hole_error:.1e}, {holed.seconds:.1f} s")

# %% [markdown]
# The staircase is of first order: halving the width of the grid halves the error, roughly. pinnsven
# needs seconds, but no grid that fits a computer reaches its digits. It has help: around a round hole
# some of the functions that it draws solve the equation, like those above. Whoever knows such
# functions can do without pinnsven, and gets the answer in milliseconds.

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4), layout="constrained")
left.loglog(spectral_seconds, spectral_errors, "o-", label="square, spectral")
left.loglog(box.seconds, float(box.error), "s", markersize=9, label="square, pinnsven")
left.loglog(grid_seconds, grid_errors, "^--", label="hole, grid of squares")
left.loglog(holed.seconds, hole_error, "D", markersize=9, label="hole, pinnsven")
left.loglog(harmonic_seconds, misfit, "x", markersize=9, label="hole, harmonic functions (misfit)")
left.set(xlabel="seconds", ylabel="relative error", title="error against time")
left.set(xlim=(3e-5, 3e2), ylim=(1e-22, 1))
left.legend(loc="lower center", ncols=2, fontsize="small")
fine = np.linspace(-1, 1, 321)
across, up = np.meshgrid(fine, fine, indexing="ij")
picture = right.contourf(across, up, holed(x=across, y=up), levels=15)
figure.colorbar(picture, label="u")
right.set(xlabel="x", ylabel="y", aspect="equal", title="the square with a hole")
plt.show()

# %% [markdown]
# ## What to take when
#
# | problem | tool |
# |---|---|
# | a box, a disk, a smooth solution | a spectral method |
# | an equation whose solutions are known by themselves | least squares on the edges |
# | few unknowns in time | Runge-Kutta (lesson 9) |
# | any shape, few digits, many right-hand sides | finite elements, with a mesh |
# | a shape without a mesh, many digits, an estimate of the error | pinnsven |
# | unknown coefficients and readings | pinnsven (lesson 7) |
#
# The grid of squares is the simplest method for a hole, not the best: elements that follow the circle
# are of higher order.
#
# ## Exercises
#
# 1. Measure the order of the grid: by which power of the width does its error fall?
# 2. How many points would the grid need for an error of 1e-10, at this order? Can a computer hold
#    them?
# 3. How much does the spectral method gain with four intervals more?
#
# ## Answers

# %%
order = -np.polyfit(np.log(intervals), np.log(grid_errors), 1)[0]
needed = intervals[-1] * (grid_errors[-1] / 1e-10) ** (1 / order)
gain = spectral_errors[1] / spectral_errors[2]
print(f"1. order {order:.2f}")
print(f"2. {needed:.0e} intervals a side, {needed**2:.0e} points: no")
print(f"3. its error falls by a factor of {gain:.0f} from {sizes[1]} to {sizes[2]} intervals")

# %% [markdown]
# ## What this lesson claims

# %%
assert spectral_errors[-1] < 1e-11 and gain > 50
assert box.status == "converged" and box.error < 1e-6
assert box.seconds > 1000 * spectral_seconds[-1]
assert misfit < 1e-8 and harmonic_seconds < holed.seconds
assert holed.status == "converged" and hole_error < 1e-6 < 1e-2 * grid_errors.min()
assert 0.5 < order < 1.6 and needed**2 > 1e12
