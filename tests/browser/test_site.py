"""The built site in a browser: it fits a phone, makes no errors, its search finds what people ask."""

import pytest

pytestmark = pytest.mark.slow  # .ci/run builds the site, fetches a browser and runs these

PAGES = [
    "index.html",
    "start.html",
    "trust.html",
    "sven.html",
    "gallery.html",
    "lessons/01_two_parameters.html",
    "reference/solving.html",
    "results/race.html",
]

# Questions of users of this and other toolkits, in their words, and the page that answers each.
QUESTIONS = {
    "first step takes very long compile": ("waiting", "troubleshooting"),
    "undetermined": ("troubleshooting", "trust"),
    "unresolved": ("troubleshooting",),
    "loss nan": ("troubleshooting",),
    "out of memory": ("troubleshooting", "points-and-networks"),
    "loss weights": ("points-and-networks", "troubleshooting", "coming-from"),
    "periodic boundary condition": ("troubleshooting", "shapes-and-fields", "points-and-networks"),
    "inverse problem unknown parameter": ("start", "lessons/07", "troubleshooting"),
    "standard error of unknown": ("lessons/07", "asking", "troubleshooting"),
    "two materials interface": ("shapes-and-fields", "troubleshooting"),
    "save and load solution": ("asking", "troubleshooting"),
    "resume checkpoint": ("asking", "troubleshooting", "reference/solving"),
    "gpu cuda": ("troubleshooting", "devices", "results/gpu"),
    "jupyter notebook": ("troubleshooting", "asking"),
    "mesh geometry from a file": ("troubleshooting", "shapes-and-fields"),
    "eigenvalue": ("shapes-and-fields", "reference/solving"),
    "noisy measurements": ("troubleshooting", "lessons/07", "reference/conditions"),
    "custom network": ("troubleshooting", "points-and-networks", "extending"),
    "coming from DeepXDE": ("coming-from",),
    "time marching long time": ("lessons/09", "points-and-networks"),
    "complex schrodinger": ("shapes-and-fields", "gallery"),
    "faster than finite differences": ("limits", "lessons/10", "troubleshooting"),
}


@pytest.mark.parametrize("path", PAGES)
def test_a_page_fits_a_phone(opened, site, path):
    page = opened(f"{site}/{path}")
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
    assert page.locator("h1").first.is_visible()


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_search_finds_what_is_asked_among_its_first_three(opened, site, question):
    page = opened(f"{site}/index.html")
    page.locator("label[for=__search]").first.click()
    page.locator("input.md-search__input").fill(question)
    hits = page.locator("li.md-search-result__item")
    hits.first.wait_for(timeout=20_000)
    page.wait_for_timeout(300)  # typing is searched in several rounds
    found = [
        hit.locator("a").first.get_attribute("href").split("?")[0].removeprefix(site + "/")
        for hit in hits.all()[:3]
    ]
    assert any(path.startswith(QUESTIONS[question]) for path in found), found
