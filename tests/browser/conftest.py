"""A real server, a real Chromium, and what every page load must keep: no foreign request, no error, no refusal."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright, Request, Response

_ROOT = Path(__file__).parents[2]
_CHROMIUM = next(
    filter(None, (os.environ.get("CHROMIUM"), shutil.which("chromium"), shutil.which("chromium-browser"))), ""
)
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--force-prefers-reduced-motion",
)
_START_LIMIT_S = 300  # on a new clone the first start also prepares the sample store
SIZES = {"desktop": (1280, 860), "phone": (390, 844)}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("browser")
            if not _CHROMIUM:
                reason = "no Chromium here: apt-get install chromium, or set CHROMIUM to its path"
                item.add_marker(pytest.mark.skip(reason=reason))


@dataclass
class Server:
    """The application in its own process, which can be stopped and started again over the same data."""

    folder: Path
    port: int = 0
    _process: subprocess.Popen[bytes] | None = field(default=None)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        if not self.port:
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                self.port = free.getsockname()[1]
        environment = {
            **os.environ,
            "SHOPTALK_DATABASE_URL": f"sqlite:///{self.folder / 'shop.sqlite'}",
            "SHOPTALK_UI__SECRET": "the same over a restart",
            "SHOPTALK_UI__TURNS_PER_MINUTE": "9999",
            "SHOPTALK_UI__PAGES_PER_MINUTE": "9999",
            "PYTHONWARNINGS": "default",
        }
        command = [sys.executable, "-c", "from ui.cli import main; main()", "serve", "--port", str(self.port)]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(command, cwd=_ROOT, env=environment, stdout=log, stderr=log)
        self._wait()

    @property
    def log(self) -> Path:
        return self.folder / "server.log"

    def _wait(self) -> None:
        deadline = time.monotonic() + _START_LIMIT_S
        while time.monotonic() < deadline:
            if self._process is None or self._process.poll() is not None:
                break
            try:
                httpx.get(f"{self.url}/healthz", timeout=2).raise_for_status()
            except httpx.HTTPError:
                time.sleep(0.2)
            else:
                return
        pytest.fail(f"the server did not start:\n{self.log.read_text()[-3000:]}")

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=20)
            self._process = None


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("server"))
    running.start()
    yield running
    running.stop()


@pytest.fixture(scope="session")
def playwright_() -> Iterator[Playwright]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        yield playwright


@dataclass
class Watch:
    """What went wrong in a browser."""

    home: str
    faults: list[str] = field(default_factory=list)
    forgiven: bool = False

    def attach(self, context: BrowserContext) -> None:
        context.on("request", self._request)
        context.on("response", self._response)
        context.on("console", self._console)
        context.on("weberror", lambda error: self.faults.append(f"page error: {error.error}"))

    def _request(self, request: Request) -> None:
        if not request.url.startswith((f"{self.home}/", "data:", "blob:")):
            self.faults.append(f"foreign request: {request.url}")

    def _response(self, response: Response) -> None:
        if response.status >= 400:
            self.faults.append(f"HTTP {response.status}: {response.url}")

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.faults.append(f"console: {message.text}")


@pytest.fixture
def watch(server: Server) -> Watch:
    return Watch(server.url)


@pytest.fixture(params=list(SIZES))
def size(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=["light"])
def light(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="session")
def chromium(playwright_: Playwright) -> Iterator[Browser]:
    launched = playwright_.chromium.launch(executable_path=_CHROMIUM, headless=True, args=list(_FLAGS))
    yield launched
    launched.close()


@pytest.fixture
def context(chromium: Browser, watch: Watch, size: str, light: str) -> Iterator[BrowserContext]:
    """A browser with an empty profile, watched."""
    width, height = SIZES[size]
    browser = chromium.new_context(
        viewport={"width": width, "height": height},
        has_touch=size == "phone",
        is_mobile=size == "phone",
        color_scheme="dark" if light == "dark" else "light",
        reduced_motion="reduce",
    )
    browser.set_default_timeout(15_000)
    watch.attach(browser)
    yield browser
    browser.close()
    if not watch.forgiven:
        assert watch.faults == []


@pytest.fixture
def page(context: BrowserContext, server: Server, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The shopper's page, ready to type into."""
    opened = context.new_page()
    opened.goto(server.url)
    opened.wait_for_selector(".st-suggestion")
    failed_before = request.session.testsfailed
    yield opened
    if request.session.testsfailed > failed_before:
        folder = _ROOT / ".pytest_cache" / "browser"
        folder.mkdir(parents=True, exist_ok=True)
        opened.screenshot(path=folder / f"{request.node.name}.png")
