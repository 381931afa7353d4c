"""What the record calls parts of intake112 nobody else is called. The authors are collected from the code itself."""

import ast
import importlib
import inspect
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from db.engine import Database
from intake import access
from intake.refusals import NameTakenError

ROOT = Path(__file__).parent.parent.parent
ROOMS = ("db", "routing", "intake", "ami_bridge", "exercise", "intake112")
WHO = {"by", "author", "actor", "made_by", "asked_by", "recorded_by"}  # what code calls who did something


def value(node: ast.AST, module: ModuleType | None) -> object:
    """Return what an expression is in a module: constants, names, and names within names; None: not known here."""
    match node:
        case ast.Constant():
            return node.value
        case ast.Name():
            return getattr(module, node.id, None)
        case ast.Attribute():
            return getattr(value(node.value, module), node.attr, None)
        case _:
            return None


def named(node: ast.AST, module: ModuleType | None) -> Iterator[ast.expr]:
    """Yield the expressions in a piece of code that say who did something."""
    match node:
        case ast.Call(func=ast.Attribute(attr="record")):
            yield from node.args[:1]
        case ast.Call() if inspect.isfunction(called := value(node.func, module)):
            names = inspect.signature(called).parameters
            yield from (given for name, given in zip(names, node.args, strict=False) if name in WHO)
        case ast.Dict():
            keys = zip(node.keys, node.values, strict=True)
            yield from (given for key, given in keys if isinstance(key, ast.Constant) and key.value in WHO - {"by"})
        case _:
            pass
    if isinstance(node, ast.Call):
        yield from (one.value for one in node.keywords if one.arg in WHO)


def either(node: ast.expr) -> list[ast.expr]:
    """Return what an expression may be: both ends of `a if b else c`, all of `a or b`."""
    match node:
        case ast.IfExp():
            return either(node.body) + either(node.orelse)
        case ast.BoolOp():
            return node.values
        case _:
            return [node]


def authors() -> dict[str, set[str]]:
    """Return who does something by no person's or machine's name, and in which files."""
    found: dict[str, set[str]] = {}
    files = [file for room in ROOMS for file in (ROOT / room).rglob("*.py")]
    for file in [*files, *(ROOT / "migrations" / "versions").glob("*.py")]:
        path = file.relative_to(ROOT)
        module = importlib.import_module(".".join(path.with_suffix("").parts)) if path.parts[0] in ROOMS else None
        for node in ast.walk(ast.parse(file.read_text())):
            for given in named(node, module):
                for part in either(given):
                    who = value(part, module)
                    if isinstance(who, str):
                        found.setdefault(who, set()).add(str(path))
    return found


def test_every_author_of_ours_is_kept_for_us() -> None:
    found = authors()
    assert {"PBX", "AML", "SMS", "penelepon", "gabungan", "aturan otomatis", "start", "command line"} <= set(found)
    assert {"heartbeat", "migration", "pengiriman", "eskalasi", "web", "demo"} <= set(found)
    free = {who: where for who, where in found.items() if who.casefold() not in access.OURS}
    assert not free, f"put these into OURS of intake/access.py: {free}"
    assert {one.casefold() for one in access.OURS} == access.OURS


async def test_nobody_is_called_so(database: Database) -> None:
    async with database.transaction() as tx:
        for name in ("Penelepon", "aml", "SMS", "Gabungan", "Aturan Otomatis", "112"):
            with pytest.raises(NameTakenError):
                await access.add_user(tx, name, "operator", "a hash", "admin")
            with pytest.raises(NameTakenError):
                await access.create_token(tx, name, "operator")
