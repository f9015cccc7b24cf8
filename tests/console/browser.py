"""A headless Chromium, and the few verbs that the walks use."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver import Chrome, ChromeOptions, ChromeService
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

CHROMIUM = os.environ.get("THREEGATE_TEST_CHROMIUM", "")
SHELL = Path("/usr/lib/chromium/chromium-headless-shell")
"""Debian starts it by a script, which is all that ends with the driver: the browser itself would go
on, its pages too, until the machine stops."""
SHOTS = os.environ.get("THREEGATE_TEST_SHOTS", "")
"""A folder for screenshots; empty takes none."""
ELSEWHERE = "guard.test"
"""A host that is not loopback to the browser, on this machine all the same."""
FLAGS = (
    f"--host-resolver-rules=MAP {ELSEWHERE} 127.0.0.1",
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
    "--window-size=1360,940", "--force-device-scale-factor=1", "--hide-scrollbars",
)  # fmt: skip
WAIT_S = 300
LOOK_S = 0.1
"""Between two looks at a page: each is a call through the driver, which the page waits for too."""
VIOLATIONS = """
  const told = (v) => v.nodes.map((n) => `${v.id}: ${n.html.slice(0, 200)}`);
  axe.run(document, {resultTypes: ["violations"]})
    .then((found) => arguments[0](found.violations.flatMap(told)));
"""
"""The findings alone: the rest of a report takes longer to send than to make."""
AXE = Path(__file__).parents[2] / "scripts/axe/node_modules/axe-core/axe.min.js"


@dataclass
class Browser:
    driver: Chrome
    url: str
    language: str
    shots: list[str] = field(default_factory=list)

    def go(self, path: str) -> None:
        self.leave(lambda: self.driver.get(self.url + path))

    def one(self, css: str) -> WebElement:
        return self.driver.find_element(By.CSS_SELECTOR, css)

    def all(self, css: str) -> list[WebElement]:
        return self.driver.find_elements(By.CSS_SELECTOR, css)

    def press(self, css: str, *, whole: bool = True) -> None:
        """Clicks, and waits for the next page; unless `whole`, only for its beginning."""
        element = self.one(css)
        self.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
        self.leave(element.click, whole=whole)

    def leave(self, by: Callable[[], None], *, whole: bool = True) -> None:
        old = self.one("html")
        by()
        self.until(lambda: not _same(old))
        if whole:
            self.whole()

    def whole(self) -> None:
        """Waits until the page is there to its end."""
        ready = "return document.readyState"
        self.until(lambda: self.driver.execute_script(ready) == "complete")

    def fill(self, css: str, text: str) -> None:
        element = self.one(css)
        element.clear()
        element.send_keys(text)

    def tick(self, css: str) -> None:
        """Ticks a box that is off. A note that appears above it may move it away from the pointer
        between the look and the click."""

        def ticked() -> bool:
            box = self.one(css)
            if not box.is_selected():
                box.click()
            return box.is_selected()

        self.until(ticked)

    def in_code(self, css: str) -> list[WebElement]:
        """Parts of the YAML editor, which has a shadow root of its own."""
        self.until(lambda: self.all(".editor-host"))
        return self.one(".editor-host").shadow_root.find_elements(By.CSS_SELECTOR, css)

    def keys(self, *keys: str) -> None:
        """Typed into whatever has the focus, without a click that would move the cursor."""
        ActionChains(self.driver).send_keys(*keys).perform()

    def undo_to(self, text: str) -> None:
        """Ctrl+Z until the editor holds this again."""
        area = self.one("textarea[name=text]")
        while area.get_attribute("value") != text:
            chain = ActionChains(self.driver).key_down(Keys.CONTROL).send_keys("z")
            chain.key_up(Keys.CONTROL).perform()

    def alt(self, key: str) -> None:
        chain = ActionChains(self.driver).key_down(Keys.ALT).send_keys(key)
        chain.key_up(Keys.ALT).perform()

    def slide(self, css: str, *, to_end: bool) -> None:
        """A slider to its end, or near its beginning, by keys."""
        keys = Keys.END if to_end else Keys.HOME + Keys.ARROW_RIGHT
        self.one(css).send_keys(keys)

    def until(self, holds: object) -> None:
        """A part that is drawn anew meanwhile is looked at again."""
        patient = WebDriverWait(self.driver, WAIT_S, LOOK_S, [StaleElementReferenceException])
        patient.until(lambda _: holds())  # type: ignore[operator]

    @property
    def text(self) -> str:
        return self.one("body").text

    @property
    def yaml(self) -> str:
        """That of the rule beside its form, which is drawn anew all the time."""
        found = "return document.querySelector('#live pre').textContent"
        return str(self.driver.execute_script(found))

    def log_in(self, name: str, password: str) -> None:
        self.driver.delete_all_cookies()
        self.go("/login")
        self.fill("[name=name]", name)
        self.fill("[name=password]", password)
        self.press("main button")

    def narrow(self, width: int, scheme: str = "light") -> None:
        scheme_is = [{"name": "prefers-color-scheme", "value": scheme}]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": scheme_is})
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)

    def shot(self, name: str) -> None:
        if SHOTS:
            self.driver.execute_script("window.scrollTo(0, 0)")
            path = Path(SHOTS) / f"console-{name}.{self.language[:2]}.png"
            assert self.driver.save_screenshot(str(path))

    def part_shot(self, css: str, name: str) -> None:
        """A picture of one part of the page, wherever it is."""
        if SHOTS:
            path = Path(SHOTS) / f"console-{name}.{self.language[:2]}.png"
            assert self.one(css).screenshot(str(path))

    def in_zone(self, zone: str) -> None:
        self.driver.execute_cdp_cmd("Emulation.setTimezoneOverride", {"timezoneId": zone})

    def drag_chart(self, first: float, last: float) -> None:
        """Over the first chart, from one share of its width to another; a click where both are
        one. Leads to another page."""
        self.until(lambda: self.all(".u-over"))
        plot = self.one(".u-over")
        wide = plot.size["width"]
        chain = ActionChains(self.driver)
        chain.move_to_element_with_offset(plot, int((first - 0.5) * wide), 0)
        chain.click_and_hold().move_by_offset(int((last - first) * wide), 0).release()
        self.leave(chain.perform)

    def accessibility(self) -> list[str]:
        """What axe-core finds on the page: rule and place of each. Nothing where it is not
        installed (`npm ci` in scripts/axe)."""
        if not AXE.exists():
            return []
        if not self.driver.execute_script("return 'axe' in window"):
            source = AXE.read_text("utf-8")  # half a megabyte: sent once, later pages have it
            self.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": source})
            self.driver.execute_script(source)
        return [str(found) for found in self.driver.execute_async_script(VIOLATIONS)]

    def complaints(self) -> list[str]:
        """What the browser complained about: blocked scripts and styles, errors, missing files."""
        return [str(entry["message"]) for entry in self.driver.get_log("browser")]


def _same(old: WebElement) -> bool:
    try:
        return old.is_enabled()
    except Exception:
        return False


@contextmanager
def browser(url: str, language: str) -> Iterator[Browser]:
    options = ChromeOptions()
    started_by_script = Path(CHROMIUM).name == SHELL.name and SHELL.exists()
    options.binary_location = str(SHELL) if started_by_script else CHROMIUM
    for flag in (*FLAGS, f"--lang={language}", f"--accept-lang={language}"):
        options.add_argument(flag)
    options.add_experimental_option("prefs", {"intl.accept_languages": language})
    options.page_load_strategy = "none"  # a page is looked at while it comes
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = Chrome(
        options,
        ChromeService(shutil.which("chromedriver"), env=os.environ | {"LANGUAGE": language}),
    )
    driver.set_script_timeout(WAIT_S)
    try:
        yield Browser(driver, url, language)
    finally:
        driver.quit()
