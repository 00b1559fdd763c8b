"""The reference of the REST interface as one page without scripts, drawn from the OpenAPI description."""

from __future__ import annotations

import json
from typing import Any

from ui import cards


def docs_page(openapi: dict[str, Any]) -> str:
    """Return the page of an OpenAPI 3.1 description."""
    schemas = openapi.get("components", {}).get("schemas", {})
    operations = [
        _operation(path, method, details, schemas)
        for path, methods in openapi["paths"].items()
        for method, details in methods.items()
    ]
    return cards.render("api_docs", info=openapi["info"], operations=operations)


def _operation(path: str, method: str, details: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    content = details.get("requestBody", {}).get("content", {}).get("application/json", {})
    body = _resolved(content.get("schema", {}), schemas)
    fields = [
        {"name": name, "where": "body", "required": name in body.get("required", ()), **_described(field)}
        for name, field in body.get("properties", {}).items()
    ]
    parameters = [
        {
            "name": parameter["name"],
            "where": parameter["in"],
            "required": parameter.get("required", False),
            **_described(parameter["schema"]),
        }
        for parameter in details.get("parameters", ())
    ]
    return {
        "id": details.get("operationId", f"{method}{path}"),
        "method": method.upper(),
        "path": path,
        "summary": details.get("summary", ""),
        "description": details.get("description", ""),
        "fields": [*parameters, *fields],
        "example": _example(method, path, body),
        "statuses": sorted(details.get("responses", {})),
    }


def _resolved(schema: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    reference = schema.get("$ref", "")
    found: dict[str, Any] = schemas.get(reference.rpartition("/")[2], {}) if reference else schema
    return found


def _described(schema: dict[str, Any]) -> dict[str, str]:
    kinds = [option for option in schema.get("anyOf", [schema]) if option.get("type") != "null"]
    bounds = {"minimum": "≥", "maximum": "≤", "minLength": "length ≥", "maxLength": "length ≤"}
    limits = [f"{sign} {kind[key]:g}" for kind in kinds for key, sign in bounds.items() if key in kind]
    return {
        "kind": " or ".join(str(kind.get("type", "object")) for kind in kinds),
        "limits": ", ".join(limits),
        "about": str(schema.get("description", "")),
    }


def _example(method: str, path: str, body: dict[str, Any]) -> str:
    if method != "post":
        query = "?q=trail+shoes&n=5&facets=true" if path.endswith("/search") else ""
        return f"curl 'http://127.0.0.1:7860{path}{query}'"
    values = {name: field["examples"][0] for name, field in body.get("properties", {}).items() if "examples" in field}
    data = json.dumps(values).replace("'", "'\\''")
    return f"curl http://127.0.0.1:7860{path} -H 'content-type: application/json' -d '{data}'"
