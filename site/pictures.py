"""The pictures of docs/sven.md: `python site/pictures.py` writes them beside it."""

from pathlib import Path

import jax.numpy as jnp
import matplotlib
import numpy as np

import pinnsven as pv

matplotlib.use("Agg")
from matplotlib import pyplot
from matplotlib.axes import Axes

DOCS = Path(__file__).resolve().parent.parent / "docs"
BLUE, RED, GREEN, GRAY = "#0072b2", "#d55e00", "#009e73", "#777777"
MATRIX = np.array([[1.0, 0.6], [0.3, 0.9], [0.8, 1.0]])  # three equations in two unknowns
RIGHT = np.array([0.4, 0.5, 0.9])
START = np.array([-1.6, 1.0])


def ellipse(axis: Axes) -> None:
    """Level lines of |J x - b|^2, a gradient's way to their middle, and one step of Sven."""
    best = np.linalg.lstsq(MATRIX, RIGHT, rcond=None)[0]
    x, y = np.meshgrid(np.linspace(-2.1, 2.1, 200), np.linspace(-1.4, 2.2, 200))
    residual = np.stack([x, y], axis=-1) @ MATRIX.T - RIGHT
    loss = np.sum(residual**2, axis=-1)
    axis.contour(x, y, np.log10(loss - loss.min() * 0.98), levels=9, colors=GRAY, linewidths=0.6)
    _, sizes, right = np.linalg.svd(MATRIX)
    for size, direction in zip(sizes, right, strict=True):
        end = best + 0.5 * direction / size
        axis.annotate("", end, best, arrowprops={"arrowstyle": "->", "color": GREEN, "lw": 1.5})
    axis.text(*(best + 0.55 * right[1] / sizes[1]), "$v_2 / s_2$", color=GREEN)
    axis.text(*(best + 0.9 * right[0] / sizes[0]), "$v_1 / s_1$", color=GREEN)
    way = [START]
    for _ in range(60):  # steps as long as they may be without climbing
        way.append(way[-1] - 1.9 / sizes[0] ** 2 * MATRIX.T @ (MATRIX @ way[-1] - RIGHT))
    axis.plot(
        *np.transpose(way), color=RED, lw=1, marker=".", ms=3, label="60 steps along the gradient"
    )
    axis.plot(*np.transpose([START, best]), color=BLUE, lw=1.8, ls="--", label="one step of Sven")
    axis.plot(*best, "o", color=BLUE, ms=5)
    axis.set(aspect="equal", xlabel=r"$\theta_1$", ylabel=r"$\theta_2$")
    axis.legend(frameon=False, fontsize=8, loc="upper right")


def filters(axis: Axes) -> None:
    """Singular values of a network's residuals, from J and from J^T J, and what two filters keep."""
    conditions = {
        "pde": pv.PDE(lambda laplacian_u, x: laplacian_u + jnp.sin(3 * x)),
        "walls": pv.Boundary(lambda u: u),
    }
    problem = pv.Problem(pv.Box(x=(0, 1), y=(0, 1)), "u", conditions)
    found = pv.linearize(problem, network=pv.MLP(width=20, depth=2, scale=1.4), points=1000)
    sizes = found.singular_values / found.singular_values[0]
    jacobian = np.asarray(found.jacobian)
    squares = np.sort(np.abs(np.linalg.eigvalsh(jacobian.T @ jacobian)))[::-1]
    seen = np.sqrt(squares / squares[0])
    index = np.arange(1, len(sizes) + 1)
    axis.semilogy(
        index, seen[: len(sizes)], color=GRAY, lw=1.2, ls=":", label=r"$s_i / s_1$ from $J^T J$"
    )
    axis.semilogy(index, sizes, color=BLUE, lw=1.5, label=r"$s_i / s_1$ from $J$")
    mu = 1e-5
    axis.semilogy(
        index, sizes**2 / (sizes**2 + mu**2), color=RED, lw=1.2, ls="--", label="kept, damped"
    )
    axis.step(
        index, np.where(sizes > mu, 1.0, 1e-17), color=GREEN, lw=1.2, ls="-.", label="kept, truncated"
    )
    axis.axhline(np.sqrt(np.finfo(float).eps), color="#bbbbbb", lw=0.8)
    axis.text(2, 2.2e-8, r"$\sqrt{\epsilon}$", color=GRAY)
    axis.set(xlabel="index i", ylim=(1e-15, 5))
    axis.legend(frameon=False, fontsize=8, loc="lower left")


def main() -> None:
    for draw in (ellipse, filters):
        figure, axis = pyplot.subplots(figsize=(6.4, 4.2), layout="constrained")
        draw(axis)
        figure.savefig(DOCS / f"sven_{draw.__name__}.png", dpi=130)


if __name__ == "__main__":
    main()
