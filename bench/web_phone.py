# SPDX-License-Identifier: Apache-2.0
"""The first page as a slow phone sees it: bytes that come over the net, and when what is read stands there."""

from __future__ import annotations

from statistics import median
from typing import Any

from bench.web_load import Request

# As Lighthouse does: a processor four times slower, 1.6 Mbit/s, 150 ms there and back.
NETWORK = {"offline": False, "latency": 150, "downloadThroughput": 200_000, "uploadThroughput": 94_000}
SLOWER = 4
GOAL_BYTES, GOAL_SECONDS = 100_000, 1.0
TIMES = 5
_PAINT = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
_READY = "performance.timing.domContentLoadedEventEnd - performance.timing.navigationStart"


def measure_phone(address: str, requests: list[Request]) -> bool:
    """Open the first resident's overview with nothing kept, `TIMES` times; print and judge bytes and median seconds."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--disable-gpu"])
        found = [_open_once(chromium, address, requests[0].cookie) for _ in range(TIMES)]
        chromium.close()
    total, painted, ready = (median(each) for each in zip(*found, strict=True))
    print(
        f"first page on a slow phone, median of {TIMES}: {total / 1000:.0f} kB, seen after {painted:.2f} s, "
        f"ready after {ready:.2f} s (at most {max(each[2] for each in found):.2f} s)"
    )
    return bool(total < GOAL_BYTES and max(painted, ready) < GOAL_SECONDS)


def _open_once(chromium: Any, address: str, cookie: str) -> tuple[int, float, float]:
    """Bytes that came, and seconds until something stood there and until it could be used."""
    name, _, value = cookie.partition("=")
    context = chromium.new_context(viewport={"width": 360, "height": 740}, service_workers="block")
    context.add_cookies([{"name": name, "value": value, "url": address}])
    page = context.new_page()
    received = _throttle(context, page)
    page.goto(f"{address}/")
    # The page may be whole before the first frame is drawn.
    page.wait_for_function(_PAINT)
    painted, ready = (page.evaluate(each) / 1000 for each in (_PAINT, _READY))
    context.close()
    return sum(received), painted, ready


def _throttle(context: Any, page: Any) -> list[int]:
    """Slow the page down; returned is the list that the bytes of each answer are added to."""
    received: list[int] = []
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    session.on("Network.loadingFinished", lambda event: received.append(int(event["encodedDataLength"])))
    session.send("Network.emulateNetworkConditions", NETWORK)
    session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    return received
