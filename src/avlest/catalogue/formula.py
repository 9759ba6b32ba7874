# SPDX-License-Identifier: Apache-2.0
"""Fields that are calculated from other fields: `+ - * /` and `sqrt()` over names and numbers.

The same compiled formula serves one telegram (floats) and a whole column (arrays).
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

_OPERATORS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


@dataclass(frozen=True, slots=True)
class Formula:
    """A checked expression and the names it needs."""

    text: str
    names: frozenset[str]
    tree: ast.expr

    def evaluate(self, values: Mapping[str, Any]) -> Any:
        """The result; `values` holds numbers or arrays for every name."""
        return _evaluate(self.tree, values)


@lru_cache(maxsize=1024)
def parse_formula(text: str) -> Formula:
    """Compile a formula; raises ValueError naming what is not allowed in it."""
    try:
        tree = ast.parse(text, mode="eval").body
    except SyntaxError as error:
        raise ValueError(f"formula {text!r} cannot be read: {error.msg}") from None
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} - {"sqrt"}
    _check(tree, text)
    return Formula(text, frozenset(names), tree)


def _check(node: ast.AST, text: str) -> None:
    allowed = (ast.BinOp, ast.Call, ast.UnaryOp, ast.USub, ast.Name, ast.Constant, ast.Load, *_OPERATORS)
    for part in ast.walk(node):
        number = not isinstance(part, ast.Constant) or type(part.value) in (int, float)
        root = not isinstance(part, ast.Call) or _is_root(part)
        if not isinstance(part, allowed) or not number or not root:
            raise ValueError(f"formula {text!r}: only names, numbers, + - * / and sqrt() may be used")


def _is_root(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Name) and call.func.id == "sqrt" and len(call.args) == 1 and not call.keywords


def _evaluate(node: ast.expr, values: Mapping[str, Any]) -> Any:
    match node:
        case ast.Constant(value=number):
            return number
        case ast.Name(id=name):
            return values[name]
        case ast.Call(args=[operand]):
            return _root(_evaluate(operand, values))
        case ast.UnaryOp(operand=operand):
            return -_evaluate(operand, values)
        case ast.BinOp(left=left, op=op, right=right):
            return _OPERATORS[type(op)](_evaluate(left, values), _evaluate(right, values))
    raise AssertionError(f"unchecked node {node!r}")


def _root(value: Any) -> Any:
    """The square root, exactly rounded for numbers as for arrays; not-a-number of a negative one."""
    if isinstance(value, int | float):
        return math.sqrt(value) if value >= 0 else math.nan
    return value**0.5
