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
    "complex field": ("shapes-and-fields",),
    "faster than finite differences": ("limits", "lessons/10", "troubleshooting"),
}


@pytest.mark.parametrize("path", PAGES)
def test_a_page_fits_a_phone(opened, site, path):
    page = opened(f"{site}/{path}")
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
    assert page.locator("h1").first.is_visible()


def first_three(page, site: str) -> list[str]:
    """The pages that the search shows first."""
    hits = page.locator("li.md-search-result__item").all()[:3]
    links = [hit.locator("a").first.get_attribute("href") for hit in hits]
    return [link.split("?")[0].removeprefix(f"{site}/") for link in links]


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_search_finds_what_is_asked_among_its_first_three(opened, site, question):
    page = opened(f"{site}/index.html")
    page.locator("label[for=__search]").first.click()
    page.locator(".md-search-result__meta", has_text="Type to start").wait_for()  # the index is read
    page.locator("input.md-search__input").press_sequentially(question)
    page.locator("li.md-search-result__item").first.wait_for()
    found, before = first_three(page, site), None
    while found != before:  # what is typed is searched in several rounds
        page.wait_for_timeout(300)
        found, before = first_three(page, site), found
    page.close()
    assert any(path.startswith(QUESTIONS[question]) for path in found), found
