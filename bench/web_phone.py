# SPDX-License-Identifier: Apache-2.0
"""The first page as a slow phone sees it: bytes that come over the net, and when what is read stands there."""

from __future__ import annotations

from typing import Any

from bench.web_load import Request

# As Lighthouse does: a processor four times slower, 1.6 Mbit/s, 150 ms there and back.
NETWORK = {"offline": False, "latency": 150, "downloadThroughput": 200_000, "uploadThroughput": 94_000}
SLOWER = 4
GOAL_BYTES, GOAL_SECONDS = 100_000, 1.0
_PAINT = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
_READY = "performance.timing.domContentLoadedEventEnd - performance.timing.navigationStart"


def measure_phone(address: str, requests: list[Request]) -> bool:
    """Open the first resident's overview with nothing kept; print and judge bytes and seconds."""
    from playwright.sync_api import sync_playwright

    name, _, value = requests[0].cookie.partition("=")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--disable-gpu"])
        context = chromium.new_context(viewport={"width": 360, "height": 740}, service_workers="block")
        context.add_cookies([{"name": name, "value": value, "url": address}])
        page = context.new_page()
        received = _throttle(context, page)
        page.goto(f"{address}/")
        painted, ready = (page.evaluate(each) / 1000 for each in (_PAINT, _READY))
        chromium.close()
    total = sum(received)
    print(f"first page on a slow phone: {total / 1000:.0f} kB, seen after {painted:.2f} s, ready after {ready:.2f} s")
    return total < GOAL_BYTES and ready < GOAL_SECONDS


def _throttle(context: Any, page: Any) -> list[int]:
    """Slow the page down; returned is the list that the bytes of each answer are added to."""
    received: list[int] = []
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    session.on("Network.loadingFinished", lambda event: received.append(int(event["encodedDataLength"])))
    session.send("Network.emulateNetworkConditions", NETWORK)
    session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    return received
