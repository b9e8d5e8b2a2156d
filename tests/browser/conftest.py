"""A headless Chromium, and the site served to it."""

import functools
import http.server
import os
import threading
from pathlib import Path

import pytest

BROWSER, SITE = (
    "PINNSVEN_BROWSER",
    "PINNSVEN_SITE",
)  # environment variables: the program, the built pages
PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="session")
def chromium():
    """A browser of Playwright's."""
    program = os.environ.get(BROWSER)
    if not program:
        pytest.skip(f"{BROWSER} names no Chromium; site/browser.sh fetches one")
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="the extra `browser` is not installed"
    )
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def opened(chromium):
    """Opens an address on a phone; the page, which fails the test for errors in its console."""
    troubles: list[str] = []
    context = chromium.new_context(viewport=PHONE)

    def opened(address: str):
        page = context.new_page()
        page.on("console", lambda said: troubles.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.goto(address, wait_until="load")
        return page

    yield opened
    context.close()
    assert not troubles


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format, *args):
        del format, args


@pytest.fixture(scope="session")
def site():
    """The address of the built site."""
    folder = os.environ.get(SITE)
    if not folder:
        pytest.skip(f"{SITE} names no built site: mkdocs build -f site/mkdocs.yml")
    served = functools.partial(_Quiet, directory=str(Path(folder)))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), served)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
