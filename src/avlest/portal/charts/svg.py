# SPDX-License-Identifier: Apache-2.0
"""Writing SVG elements, with classes for pages or with attributes for PDF and e-mail.  Pure."""

from __future__ import annotations

from typing import Final
from xml.sax.saxutils import escape, quoteattr

from avlest.portal.charts.contracts import Mode

# What portal.css says by class, as attributes: light colours, for paper.
_INLINE: Final[dict[str, str]] = {
    "c-bar": 'fill="#0062ba"',
    "c-estimated": 'stroke="#0062ba" stroke-width="1.5"',
    "c-hatch": 'stroke="#0062ba" stroke-width="2"',
    "c-manual": 'fill="#ddeaf6" stroke="#0062ba" stroke-width="2"',
    "c-compared": 'fill="#77797b"',
    "c-axis": 'stroke="#77797b"',
    "c-grid": 'stroke="#bbbcbd"',
    "c-text": 'fill="#5b5d60" font-family="sans-serif" font-size="12"',
    "c-gap": 'stroke="#77797b" stroke-width="1.5" stroke-dasharray="2 3"',
    "c-mark": 'stroke="#292c30" stroke-width="1.5" stroke-dasharray="5 3"',
    "c-line": 'fill="none" stroke="#0062ba" stroke-width="2"',
    "c-price": 'fill="none" stroke="#292c30" stroke-width="1.5"',
}


def number(value: float) -> str:
    """Write a coordinate with at most one decimal."""
    return f"{value:.1f}".removesuffix(".0")


class Drawing:
    """Collects the elements of one SVG; `name` makes its ids differ from those of other charts on the page."""

    def __init__(self, mode: Mode, *, name: str, width: int, height: int) -> None:
        self.mode = mode
        self.name = name
        self.width = width
        self.height = height
        self._parts: list[str] = []

    def style(self, kind: str) -> str:
        """Return the attributes of a class of elements."""
        return f'class="{kind}"' if self.mode == "css" else _INLINE[kind]

    def add(self, element: str) -> None:
        """Add an element as it stands."""
        self._parts.append(element)

    def line(self, kind: str, x1: float, y1: float, x2: float, y2: float) -> None:
        """Add a straight line."""
        ends = f'x1="{number(x1)}" y1="{number(y1)}" x2="{number(x2)}" y2="{number(y2)}"'
        self.add(f"<line {self.style(kind)} {ends}/>")

    def rectangle(
        self, kind: str, x: float, y: float, width: float, height: float, *, title: str, fill: str = ""
    ) -> None:
        """Add a bar whose words come up where a pointer rests on it."""
        box = f'x="{number(x)}" y="{number(y)}" width="{number(width)}" height="{number(height)}"'
        filled = f' fill="{fill}"' if fill else ""
        self.add(f"<rect {self.style(kind)} {box}{filled}><title>{escape(title)}</title></rect>")

    def text(self, x: float, y: float, words: str, *, anchor: str = "middle") -> None:
        """Add words; `anchor` is start, middle or end."""
        at = f'x="{number(x)}" y="{number(y)}" text-anchor="{anchor}"'
        self.add(f"<text {self.style('c-text')} {at}>{escape(words)}</text>")

    def path(self, kind: str, points: str, *, title: str = "") -> None:
        """Add a path."""
        inner = f"<title>{escape(title)}</title>" if title else ""
        self.add(f"<path {self.style(kind)} d={quoteattr(points)}>{inner}</path>")

    def hatch(self) -> str:
        """Add the pattern of estimated bars; return what a bar is filled with."""
        key = f"{self.name}-hatch"
        self.add(
            f'<defs><pattern id="{key}" width="6" height="6" patternUnits="userSpaceOnUse" '
            f'patternTransform="rotate(45)">'
            f'<line {self.style("c-hatch")} x1="1" y1="0" x2="1" y2="6"/></pattern></defs>'
        )
        return f"url(#{key})"

    def finish(self, title: str, description: str) -> str:
        """Return the SVG: its title and description are what a screen reader says."""
        ids = f"{self.name}-t {self.name}-d"
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width} {self.height}" role="img" '
            f'aria-labelledby="{ids}"><title id="{self.name}-t">{escape(title)}</title>'
            f'<desc id="{self.name}-d">{escape(description)}</desc>{"".join(self._parts)}</svg>'
        )


def make_name(*parts: object) -> str:
    """Return an id that is the same for the same chart and differs from others."""
    code = 0
    for sign in "|".join(map(str, parts)):
        code = (code * 131 + ord(sign)) % 2**40
    return f"c{code:x}"
