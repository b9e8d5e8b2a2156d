"""Solutions of one step over domains of all kinds."""

import jax.numpy as jnp
import numpy as np

import pinnsven as pv

SMALL = pv.MLP(width=6, depth=1)


def one_step(domain, network=SMALL, fields="u", exact=None, **options):
    """A solution in one cheap step: the fields are prescribed at a few points."""
    from pinnsven._domains import Interior, as_domain

    domain = as_domain(domain)
    points, _ = Interior(domain).draw(8, pv.Sobol(), np.random.default_rng(0))
    columns = domain.split(points)
    names = fields.split()
    conditions = {f"data {name}": pv.Data(columns, **{name: np.sin(np.arange(8.0))}) for name in names}
    problem = pv.Problem(domain, fields, conditions, exact=exact, name="a <small> one", **options)
    cheap = pv.Sven(control=pv.FixedStep(0.1), max_rank=4)
    return pv.solve(problem, network=network, solver=cheap, max_steps=1, estimate_error=False)


CASES = {
    "time": (pv.Time(-1, 2), {}),
    "box": (pv.Box(x=(0, 2), y=(-1, 3)), {"exact": lambda x, y: x * y}),
    "periodic": (pv.Box(x=(0, 2), periodic="x") * pv.Time(0, 1), {"exact": lambda x, t: x + t}),
    "disk, Fourier features": (pv.Disk((0.5, -1.0), 2.0), {"network": pv.FourierMLP(width=6, depth=1)}),
    "ball": (pv.Ball((0.0, 0.0, 1.0), 1.0), {}),
    "polygon": (pv.Polygon([(0, 0), (2, 0), (1, 2)]), {"network": pv.SineMLP(width=6, depth=1)}),
    "vector": (pv.Box(x=[(0, 1), (-1, 1), (0, 3)]), {"exact": lambda x: jnp.sum(x)}),
    "two fields": (pv.Interval(0, 1), {"fields": "u v"}),
    "hole": (pv.Box(x=(0, 2), y=(0, 1)) - pv.Disk((1.0, 0.5), 0.2), {}),
    "cylinder": (pv.Disk(name="wall") * pv.Interval(z=(0, 1)) * pv.Time(0, 1), {}),
    "cuts": ((pv.Disk() & pv.Box(x=(0, 1), y=(-1, 1))) | pv.Disk((0.5, 0.0), 0.7), {}),
}
