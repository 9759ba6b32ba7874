# SPDX-License-Identifier: Apache-2.0
"""Reference page of the API, from the document that it serves itself."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from typing import Any

import django
from django.utils.translation import override

from scripts.reference.markdown import make_code, make_page, make_table


def build_api() -> str:
    """Page of the operations, what they need, take and answer."""
    os.environ.setdefault("AVLEST_DATA", tempfile.gettempdir())
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "avlest.project.settings")
    django.setup()
    from avlest.portal.api.application import get_api
    from avlest.portal.api.operations import find_operation
    from avlest.portal.api.scopes import SCOPE_TEXTS

    api = get_api()
    document = api.get_openapi_schema()
    names = {
        operation.operation_id: view.url_name
        for _, router in api._routers
        for view in router.path_operations.values()
        for operation in view.operations
    }
    with override("en"):
        scopes = [(make_code(scope.value), str(text)) for scope, text in SCOPE_TEXTS.items()]
    parts: dict[str, list[str]] = {}
    for path, methods in document["paths"].items():
        for method, each in methods.items():
            rule = find_operation(names[each["operationId"]] or "", method.upper())
            scope = rule.scope.value if rule and rule.scope else ""
            parts.setdefault(each["tags"][0], []).append(_write_operation(path, method, each, scope))
    sections = [text for tag, operations in parts.items() for text in (f"## {tag}", *operations)]
    intro = (
        "The document for programs is at `/api/v1/openapi.json`. How to begin: [use the API](../how-to/use-the-api.md)."
    )
    schemas = document["components"]["schemas"]
    return make_page(
        "API",
        intro,
        api.description.strip(),
        "## Scopes",
        make_table(("scope", "lets a token"), scopes),
        *sections,
        "## Shapes",
        *[_write_schema(name, schema) for name, schema in sorted(schemas.items()) if not name.endswith("Page")],
    )


def _write_operation(path: str, method: str, each: Mapping[str, Any], scope: str) -> str:
    head = [f"### {each['summary']}", make_code(f"{method.upper()} {path}") + (f" needs `{scope}`" if scope else "")]
    rows = [(make_code(p["name"]), _type(p["schema"]), _describe(p)) for p in each.get("parameters", ())]
    table = [make_table(("parameter", "type", "meaning"), rows)] if rows else []
    body = each.get("requestBody", {}).get("content", {})
    takes = [f"Takes {', '.join(map(make_code, body))}."] if body else []
    return "\n\n".join([*head, each.get("description", ""), *table, *takes, f"Answers {', '.join(_answers(each))}."])


def _describe(parameter: Mapping[str, Any]) -> str:
    return str(parameter.get("description") or parameter["schema"].get("description") or "")


def _answers(each: Mapping[str, Any]) -> Iterator[str]:
    for status, answer in each["responses"].items():
        if str(status)[0] == "2":
            names = [_type(content.get("schema", {})) for content in answer.get("content", {}).values()]
            yield f"{status} {' or '.join(dict.fromkeys(names))}".strip()
    yield "or a problem"


def _type(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        return make_code(schema["$ref"].rpartition("/")[2])
    if "anyOf" in schema:
        kinds = [_type(one) for one in schema["anyOf"] if one.get("type") != "null"]
        return " or ".join(dict.fromkeys(kinds))
    if "allOf" in schema:
        return " ".join(_type(one) for one in schema["allOf"])
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    return str(schema.get("format") or schema.get("type") or schema.get("const") or "anything")


def _write_schema(name: str, schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return f"### {name}\n\nOne of {', '.join(make_code(str(each)) for each in schema['enum'])}."
    rows = [
        (make_code(field), _type(each), str(each.get("description", "")))
        for field, each in schema.get("properties", {}).items()
    ]
    return f"### {name}\n\n{schema.get('description', '')}\n\n{make_table(('field', 'type', 'meaning'), rows)}"
