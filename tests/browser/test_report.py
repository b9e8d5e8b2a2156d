"""A report in a browser: on a phone, on paper, and with nothing loaded from anywhere."""

import jax.numpy as jnp
import pytest

import pinnsven as pv

pytestmark = pytest.mark.slow  # .ci/run fetches a browser and runs these
LEAST = 11  # px that text must have to be read on a phone


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """The address of the report on a small inverse problem in space and time."""
    decay = lambda x, t: jnp.exp(-t) * jnp.sin(jnp.pi * x)
    small = {"network": pv.MLP(width=6, depth=1), "points": 64, "estimate_error": False}
    problem = pv.Problem(
        pv.Interval(0, 1) * pv.Time(0, 1),
        "u",
        {
            "heat": pv.PDE(lambda u_t, u_xx, k: u_t - k * u_xx),
            "start": pv.Initial(u=lambda x: jnp.sin(jnp.pi * x)),
            "ends": pv.Dirichlet(u=0.0),
            "readings": pv.Data({"x": [0.5, 0.5, 0.3], "t": [0.4, 0.8, 0.5]}, u=[0.67, 0.45, 0.49]),
        },
        unknowns={"k": 0.3},
        exact={"u": decay},
    )
    path = tmp_path_factory.mktemp("report") / "report.html"
    pv.solve(problem, max_steps=15, progress=False, **small).report(path)
    return path.as_uri()


def test_on_a_phone_nothing_sticks_out_and_all_text_can_be_read(opened, report):
    page = opened(report)
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
    sizes = page.evaluate(
        """() => [...document.querySelectorAll('body *')]
        .filter(e => [...e.childNodes].some(n => n.nodeType == 3 && n.textContent.trim()))
        .filter(e => e.offsetParent && !e.closest('svg, math'))
        .map(e => parseFloat(getComputedStyle(e).fontSize))"""
    )
    assert min(sizes) >= LEAST


def test_the_verdict_comes_before_tables_and_pictures(opened, report):
    page = opened(report)
    top = lambda what: page.locator(what).first.bounding_box()["y"]
    assert top("text=max_steps") < min(top("table"), top("img, svg"))
    assert page.locator("img, svg").count() >= 3
    for picture in page.locator("img").all():
        assert picture.evaluate("e => e.complete && e.naturalWidth > 100")


def test_nothing_is_loaded_from_elsewhere(chromium, report):
    page = chromium.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(report, wait_until="load")
    page.close()
    assert {address.split(":")[0] for address in asked} <= {"file", "data"}


def test_it_can_be_printed(opened, report):
    page = opened(report)
    page.emulate_media(media="print")
    paper = page.pdf(format="A4")
    assert paper.startswith(b"%PDF") and 1 <= paper.count(b"/Type /Page\n") <= 12
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") in (
        "rgb(255, 255, 255)",
        "rgba(0, 0, 0, 0)",
    )
