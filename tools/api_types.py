"""Write `console/src/api/schema.ts`: TypeScript's view of our own description at /openapi.json.

    python tools/api_types.py

A test compares the file with the application, so the console cannot speak of a field that the API does not have. It
holds an interface for each schema, and `Routes`: what each operation of the desk takes and gives. (The package
`openapi-typescript` does the same, and does not go with TypeScript 6.)
"""

import asyncio
import json
import re
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parent.parent
FILE: Final = ROOT / "console" / "src" / "api" / "schema.ts"
HEAD: Final = "// Written by tools/api_types.py from the API's own description; do not edit.\n"
PLAIN: Final = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean", "null": "null"}
PREFIX: Final = "intake__api__"  # where two modules have a schema of the same name
Schema = Mapping[str, Any]


def name_of(reference: str) -> str:
    """Return the interface's name for a schema's name or reference: `caller_schemas__Link` is CallerLink."""
    name = reference.rpartition("/")[2]
    if not name.startswith(PREFIX):
        return name
    module, _, last = name.removeprefix(PREFIX).partition("__")
    room = re.sub(r"_(schemas|shapes|bodies)$", "", module)
    return "".join(part.capitalize() for part in room.split("_")) + last


def type_of(schema: Schema) -> str:
    """Return the type that a schema describes."""
    if reference := schema.get("$ref"):
        return name_of(reference)
    if "const" in schema:
        return json.dumps(schema["const"])
    if options := schema.get("enum"):
        return " | ".join(json.dumps(one) for one in options)
    if "properties" not in schema and (options := schema.get("anyOf") or schema.get("oneOf")):
        return " | ".join(dict.fromkeys(type_of(one) for one in options))
    kind = schema.get("type")
    if kind == "array":
        inner = type_of(schema.get("items", {}))
        return f"({inner})[]" if "|" in inner else f"{inner}[]"
    if kind == "object" or "properties" in schema:
        if properties := schema.get("properties"):
            needed = set(schema.get("required", ()))
            return "{ " + " ".join(field(name, one, needed) for name, one in properties.items()) + " }"
        more = schema.get("additionalProperties")
        return f"Record<string, {type_of(more) if isinstance(more, dict) else 'never' if more is False else 'unknown'}>"
    return PLAIN.get(str(kind), "unknown")


def field(name: str, schema: Schema, needed: set[str]) -> str:
    """Return one property."""
    spelt = name if name.isidentifier() else json.dumps(name)
    return f"{spelt}{'' if name in needed else '?'}: {type_of(schema)};"


def interface(name: str, schema: Schema) -> str:
    """Return one exported type, with its description above it."""
    said = " ".join(str(schema.get("description", "")).split())
    above = f"/** {said} */\n" if said else ""
    properties: Schema | None = schema.get("properties")
    if not properties:
        return f"{above}export type {name} = {type_of(schema)};\n"
    needed = set(schema.get("required", ()))
    fields = "\n".join(f"  {field(one, inner, needed)}" for one, inner in properties.items())
    return f"{above}export interface {name} {{\n{fields}\n}}\n"


def content(described: Schema) -> str:
    """Return the type of a JSON body or answer; `undefined` where there is none."""
    schema = described.get("content", {}).get("application/json", {}).get("schema")
    return type_of(schema) if schema else "undefined"


def route(method: str, path: str, operation: Schema) -> str:
    """Return the line of one operation: what it takes, whether it must, and what it gives."""
    body = operation.get("requestBody", {})
    takes = content(body)
    optional = takes != "undefined" and not body.get("required")
    gives = dict.fromkeys(content(one) for code, one in operation["responses"].items() if code.startswith("2"))
    asked = [one for one in operation.get("parameters", ()) if one["in"] == "query"]
    needed = {one["name"] for one in asked if one.get("required")}
    query = " ".join(field(one["name"], one["schema"], needed) for one in asked)
    of = f"{{ takes: {takes}{' | undefined' if optional else ''}; gives: {' | '.join(gives)}; query: "
    return f'  "{method.upper()} {path}": {of}{f"{{ {query} }}" if query else "undefined"} }};'


def written(described: Schema) -> str:
    """Return the whole file for a description."""
    schemas = described["components"]["schemas"]
    interfaces = [interface(name_of(name), schemas[name]) for name in sorted(schemas, key=name_of)]
    routes = [
        route(method, path, operation)
        for path, methods in sorted(described["paths"].items())
        if path.startswith(("/api/", "/readyz"))
        for method, operation in methods.items()
    ]
    listed = ["/** Every operation of the desk. */", "export interface Routes {", *routes, "}", ""]
    return f"{HEAD}\n" + "\n".join([*interfaces, *listed])


async def description() -> dict[str, Any]:
    """Return what the application says at /openapi.json; nothing is asked of its database."""
    sys.path.insert(0, str(ROOT))
    from db.engine import Database
    from intake.api.app import create_app
    from intake112.clock import SteadyClock

    with tempfile.TemporaryDirectory() as folder:
        async with Database.open(f"sqlite+aiosqlite:///{folder}/none.db", SteadyClock()) as database:
            return create_app(database, public_url="http://127.0.0.1").openapi()


if __name__ == "__main__":
    FILE.parent.mkdir(parents=True, exist_ok=True)
    FILE.write_text(written(asyncio.run(description())), "utf-8")
