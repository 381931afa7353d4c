"""Two reports of one fire at one agency: which dispatch is left, and what its crew reads. On both databases."""

from db import dispatches
from db.dispatches import DispatchRow
from db.engine import Database
from intake import dispatching
from tests.intake.conftest import PUBLIC_URL, Client
from tests.intake.test_joining import find, fires, join, says, send, undo
from tests.intake.test_phone import link, words

__all__ = ["fires"]


async def again(database: Database, row: DispatchRow) -> DispatchRow:
    """Return a dispatch as it is now."""
    async with database.reading() as reading:
        found = await dispatches.find(reading, row.id)
    assert found is not None
    return found


async def test_the_page_of_a_merged_dispatch_turns_no_crew_back(
    client: Client, database: Database, fires: list[str]
) -> None:
    first, second, third = fires
    (kept,), (gone,) = await send(database, first, "damkar"), await send(database, second, "damkar")
    await join(database, second, first)
    assert (await again(database, gone)).state == "cancelled"
    page = (await client.get(link(gone))).text
    assert "kembali" not in words(page)
    assert f"Tetap jalan: kejadian ini ada pada Anda dengan laporan {first}." in words(page)
    assert f'href="{link(kept)}?lang=id"' in page
    assert "turn back" not in (await client.get(f"{link(gone)}?lang=en")).text
    (other,) = await send(database, third, "damkar")
    await says(database, other, "accepted")
    await join(database, first, third)
    assert (await again(database, kept)).state == "cancelled"
    assert f'href="{link(other)}?lang=id"' in (await client.get(link(gone))).text, "joined on, it goes on there"
    await undo(database, first)
    await undo(database, second)
    (anew,) = [one for one in await of(database, second) if one.state == "queued"]
    assert f'href="{link(anew)}?lang=id"' in (await client.get(link(gone))).text, "sent anew, it goes on there"
    async with database.transaction() as tx:
        await dispatching.cancel(tx, anew.id, "Salah instansi", "siti", PUBLIC_URL)
    assert "boleh kembali" in (await client.get(link(gone))).text


async def of(database: Database, number: str) -> list[DispatchRow]:
    """Return a report's dispatches."""
    row = await find(database, number)
    async with database.reading() as reading:
        return (await dispatches.of_reports(reading, [row.id])).get(row.id, [])
