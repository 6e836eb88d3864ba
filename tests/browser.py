"""A real browser without a window, driven to look at a page as a reader would."""

from __future__ import annotations

import base64
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
"""Names of the program."""

DRIVER = "chromedriver"
"""The program that drives it."""

REQUIRED = "ZKAUDIT_REQUIRE_BROWSER"
"""Environment variable that, set to 1, makes a missing browser a failure."""

FLAGS = (
    "--headless=new --no-sandbox --disable-gpu --disable-quic --disable-dev-shm-usage --no-first-run "
    "--disable-background-networking --disable-component-update --disable-sync --disable-extensions --hide-scrollbars"
)


def missing() -> str:
    """What is missing for a browser to start; empty where nothing is."""
    if not any(map(shutil.which, BROWSERS)):
        return "no Chromium: apt-get install chromium"
    if not shutil.which(DRIVER):
        return "no chromedriver: apt-get install chromium-driver"
    return ""


def is_required() -> bool:
    """Whether a run without a browser must fail."""
    return os.environ.get(REQUIRED) == "1"


class Window:
    """One tab."""

    def __init__(self, driver: Any) -> None:
        self._driver = driver

    def show(self, path: Path, *, width: int, height: int = 800, scheme: str = "light", media: str = "screen") -> None:
        """Opens a file at a width, in a colour scheme, for the screen or for print."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self._command("Emulation.setDeviceMetricsOverride", metrics)
        self._command("Emulation.setEmulatedMedia", {"media": media, "features": features})
        self._driver.get(path.absolute().as_uri())

    def ask(self, script: str) -> Any:
        """What a script finds on the page; the page itself runs none."""
        return self._driver.execute_script(script)

    def complaints(self) -> list[str]:
        """What the console said since it was last asked."""
        return [entry["message"] for entry in self._driver.get_log("browser")]

    def requests(self) -> dict[str, str]:
        """The addresses that were asked for since this was last asked, with what stopped each, empty for nothing."""
        events = [json.loads(entry["message"])["message"] for entry in self._driver.get_log("performance")]
        stopped = {
            one["params"]["requestId"]: one["params"].get("blockedReason", "")
            for one in events
            if one["method"] == "Network.loadingFailed"
        }
        asked = [one["params"] for one in events if one["method"] == "Network.requestWillBeSent"]
        return {one["request"]["url"]: stopped.get(one["requestId"], "") for one in asked}

    def picture(self, width: int, height: int) -> bytes:
        """A PNG of the upper part of the page."""
        clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
        shot = self._command("Page.captureScreenshot", {"captureBeyondViewport": True, "clip": clip})
        return base64.b64decode(shot["data"])

    def printed(self) -> bytes:
        """A PDF of the page."""
        return base64.b64decode(self._command("Page.printToPDF", {"printBackground": True})["data"])

    def _command(self, name: str, arguments: dict[str, Any]) -> Any:
        return self._driver.execute_cdp_cmd(name, arguments)


@contextmanager
def window() -> Iterator[Window]:
    """A browser for as long as it is needed."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = next(filter(None, map(shutil.which, BROWSERS)))
    for flag in FLAGS.split():
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(shutil.which(DRIVER)))
    try:
        yield Window(driver)
    finally:
        driver.quit()
