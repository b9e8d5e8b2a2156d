"""The backend for the last digits: the Gram matrix once more, of a Jacobian it has itself improved.

Squaring a Jacobian loses what lies below $\\sqrt{\\epsilon}$ of its largest singular value. But the
Cholesky factor R of $J^T J + s$, with s just above the rounding of $J^T J$, makes $J R^{-1}$ so well
conditioned that squaring *that* loses nothing down to $\\epsilon$ (shifted Cholesky QR: Fukaya, Kannan,
Nakatsukasa, Yamamoto, Yanagisawa 2020, section 3). In single precision s is no small number, and
$J R^{-1}$ is improved in the same way once more. With $B = (J R^{-1})^T J R^{-1}$ and
$R^T R = c J^T J + s$,

$$ J^T J + \\mu^2 = R^T (B + \\rho (1 - c B)) R, \\qquad \\rho = \\mu^2 / s, $$

so one tridiagonal form of B serves every damping, as that of $J^T J$ does elsewhere. After one round c
is 1; a second one with shift s' makes c = 1 + s' and s s' of s.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ._backends import QRSVD, AbstractBackend, AbstractFactors
from ._linearization import Linearization
from ._square import AbstractSquare, Tridiagonal, largest_root
from ._tridiagonal import reduced

SHIFT = 4.0  # times the number of parameters and epsilon, relative to the largest square
POWER_ITERATIONS = 16
COARSE = 1e-10  # an epsilon above which one round is not enough


class Pencil(AbstractSquare):
    """$J^T J$ in a basis in which $c J^T J + s$ is the identity.

    - `tridiagonal`: B; its eigenvalues are $\\sigma^2 / (c \\sigma^2 + s)$.
    - `shift`, `share`: s and c.
    - `top`: the largest singular value of J.
    """

    tridiagonal: Tridiagonal
    shift: Float[Array, ""]
    share: Float[Array, ""]
    top: Float[Array, ""]

    @property
    def largest(self):
        return self.top

    def values(self):
        shares = self.tridiagonal.values() ** 2
        xp = np if isinstance(shares, np.ndarray) else jnp  # numpy compiles nothing
        shift, share, top = (xp.asarray(x) for x in (self.shift, self.share, self.top))
        # Where a share rounds to one, its singular value is the largest.
        least = shift / (share * top**2 + shift)
        rest = xp.maximum(1 - share * shares, least)
        return xp.sqrt(shift * shares / rest)

    def count(self, threshold):
        return self.tridiagonal.count(threshold / jnp.sqrt(self.share * threshold**2 + self.shift))

    def _weights(self, damping):
        """B and the identity in $B + \\rho (1 - c B)$."""
        rho = damping**2 / self.shift
        return 1 - rho * self.share, rho

    def solve(self, damping, right):
        of_square, of_one = self._weights(damping)
        # No damping where J is zero, and g with it: anything solves that but a division by zero.
        of_one = jnp.where(damping > 0, of_one, 1)
        return self.tridiagonal.solve_combination(of_square, of_one, right)

    def apply(self, damping, x):
        of_square, of_one = self._weights(damping)
        zero = jnp.zeros_like(damping)
        return of_square[:, None, None] * self.tridiagonal.apply(zero, x) + of_one[:, None, None] * x


class RefinedFactors(AbstractFactors):
    """$J = U R$ with U nearly orthogonal, and $U^T U = Q T Q^T$.

    - `pencil`: T.
    - `q`: Q.
    - `triangle`: $R^T$, lower triangular.
    - `columns`: U.
    """

    pencil: Pencil
    q: Float[Array, "k k"]
    triangle: Float[Array, "k k"]
    columns: Linearization

    @property
    def singular_values(self):
        return self.pencil.values()

    @property
    def number(self):
        return self.triangle.shape[0]

    @property
    def spare(self):
        return (self.columns.slabs,)

    def square(self, kept):
        del kept  # nothing is truncated: `Sven` sees to that
        return self.pencil

    def gradient(self, linearization, residuals):
        del linearization
        return self.columns.pull(residuals) @ self.q

    def lift(self, linearization, coefficients):
        del linearization
        return jax.lax.linalg.triangular_solve(
            self.triangle, self.q @ coefficients.T, left_side=True, lower=True, transpose_a=True
        ).T

    def explicit(self, linearization):
        return QRSVD().init(linearization, jax.random.PRNGKey(0)).explicit(linearization)


class RefinedGram(AbstractBackend):
    """A tridiagonal Gram matrix of $J R^{-1}$, R from that of J: for the last digits, damping only.

    Right down to $\\epsilon$ of the largest singular value, where `GramTridiagonal` ends at
    $\\sqrt{\\epsilon}$, for about twice its time and a second Jacobian in memory. It takes all columns
    of the Jacobian at once.
    """

    @property
    def damps_only(self):
        return True

    @property
    def takes_subsets(self):
        return False

    @property
    def jacobians(self):
        return 2

    def skips_idle_rows(self, rows, params):
        return True

    def init(self, linearization, key, memory=()):
        """Factors of the Gram matrix by shifted Cholesky QR.

        The triangle of a shifted Gram matrix takes most of the condition number off the columns, and a
        Gram matrix of those resolves the rest. In single precision that takes two triangles.
        """
        del key, memory
        square = linearization.gram()
        epsilon = float(jnp.finfo(square.dtype).eps)
        largest = largest_root(
            lambda x: square @ x, square @ jnp.ones_like(square[0]), POWER_ITERATIONS
        )
        one = jnp.eye(square.shape[0], dtype=square.dtype)
        relative = SHIFT * len(one) * epsilon
        # A Jacobian of zeros has a triangle too.
        shift = jnp.where(largest > 0, relative * largest**2, 1)
        share = jnp.ones_like(shift)
        triangle = linearization.once(jnp.linalg.cholesky, square + shift * one)
        columns = linearization.solved(triangle)
        if epsilon > COARSE:
            second = jnp.linalg.cholesky(columns.gram() + relative * one)
            shift, share = relative * shift, share + relative
            triangle, columns = triangle @ second, columns.solved(second)
        tridiagonal, q = linearization.once(reduced, columns.gram())
        return RefinedFactors(  # type: ignore[call-arg]  # its singular values are a property
            Pencil(tridiagonal, shift, share, largest), q, triangle, columns
        )

    def noise_floor(self, dtype):
        return float(jnp.finfo(dtype).eps)
