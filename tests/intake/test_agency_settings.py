"""An administrator adds an agency, moves it, gives it a new secret, reads in the record who did. On both databases."""

import pytest
import trustme

from db import agencies
from db.engine import Database
from intake.reads import Reads
from tests.conftest import SetClock
from tests.intake.conftest import Client, Json, LogIn

URL = "/api/v1/agencies"
DAMKAR = {"code": "damkar", "name": "Damkar", "url": "http://127.0.0.1:9/a", "allow_cidr": ["127.0.0.0/8"]}


@pytest.fixture
async def admin(as_role: LogIn) -> Client:
    """A client with an administrator's token."""
    return await as_role("admin")


async def added(admin: Client, **more: object) -> Json:
    """Add damkar, which must be taken."""
    answer = await admin.post(URL, json=DAMKAR | more)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def test_what_is_shown_once_is_shown_nowhere_else(admin: Client, clock: SetClock) -> None:
    new = await added(admin, kinds=["kebakaran"])
    assert (new["agency"]["version"], new["agency"]["old_secret_until"], new["resolves"]) == (1, None, True)
    assert new["secret"].startswith("whsec_")
    assert new["token"].startswith("i112_")
    rotated = (await admin.post(f"{URL}/damkar/rotate-secret", json={"grace_h": 2})).json()
    assert (rotated["secret"] != new["secret"], rotated["cut_short"]) == (True, None)
    read = [await admin.get(one) for one in (URL, f"{URL}/damkar/settings", "/api/v1/audit", "/api/v1/rules")]
    assert not any(one in answer.text for one in (new["secret"], new["token"], rotated["secret"]) for answer in read)
    assert read[1].json()["old_secret_until"] == rotated["old_secret_until"]
    assert read[3].json()["in_force"]["rules"][0]["agencies"][0]["agency"] == "damkar"
    clock.forward(hours=3)
    assert (await admin.get(f"{URL}/damkar/settings")).json()["old_secret_until"] is None


async def test_of_two_who_change_it_the_second_is_told(admin: Client, database: Database) -> None:
    await added(admin)
    path, seen = f"{URL}/damkar/settings", {"If-Match": '"1"'}
    first = await admin.patch(path, json={"url": "http://127.0.0.1:9/b"}, headers=seen)
    assert (first.status_code, first.headers["ETag"], first.json()["name"]) == (200, '"2"', "Damkar")
    second = await admin.patch(path, json={"name": "Pemadam"}, headers=seen)
    assert (second.status_code, second.json()["current_version"]) == (412, 2)
    assert (await admin.patch(path, json={"name": "Pemadam"})).status_code == 428
    refusals: list[Json] = [{"url": "http://10.0.0.1/"}, {"allow_cidr": []}, {"allow_cidr": ["x"]}, {"name": "PBX"}]
    for wrong in refusals:
        refused = await admin.patch(path, json=wrong, headers={"If-Match": '"2"'})
        assert refused.status_code in (409, 422), wrong
    async with database.reading() as reading:
        row = await agencies.find(reading, "damkar")
    assert row is not None
    assert (row.url, row.name, row.allow_cidr, row.version) == ("http://127.0.0.1:9/b", "Damkar", ["127.0.0.0/8"], 2)


async def test_an_agencys_own_authority(admin: Client) -> None:
    pem = trustme.CA().cert_pem.bytes().decode()
    refused = await admin.post(URL, json=DAMKAR | {"ca_pem": "x"})
    assert (refused.status_code, refused.json()["error"]) == (422, "unfit_authority")
    assert (await added(admin, ca_pem=f"\n{pem} "))["agency"]["ca_pem"] == pem
    path = f"{URL}/damkar/settings"
    wrong = await admin.patch(path, json={"ca_pem": "x"}, headers={"If-Match": '"1"'})
    assert (wrong.status_code, (await admin.get(path)).json()["ca_pem"]) == (422, pem)
    for version, (sent, kept) in enumerate([("", None), (pem, pem), (None, None)], 1):
        answer = await admin.patch(path, json={"ca_pem": sent}, headers={"If-Match": f'"{version}"'})
        assert (answer.status_code, answer.json()["ca_pem"]) == (200, kept)


async def test_the_record_is_read_page_by_page_and_that_is_in_the_record(
    admin: Client, app: object, database: Database
) -> None:
    await added(admin)
    await admin.patch(f"{URL}/damkar/settings", json={"name": "Pemadam"}, headers={"If-Match": '"1"'})
    page = (await admin.get("/api/v1/audit", params={"limit": 1, "action": "agency.*", "actor": "the admin"})).json()
    assert [(one["action"], one["subject"], one["detail"]) for one in page["rows"]] == [
        ("agency.changed", "damkar", {"fields": ["name"]})
    ]
    older = (await admin.get("/api/v1/audit", params={"before": page["next"], "subject": "damkar"})).json()
    assert [one["action"] for one in older["rows"]] == ["agency.added"]
    assert older["next"] is None
    assert (await admin.get("/api/v1/audit", params={"action": "agency"})).json()["rows"] == []
    reads: Reads = app.state.reads  # type: ignore[attr-defined]
    await reads.flush()
    newest = (await admin.get("/api/v1/audit", params={"limit": 1})).json()["rows"][0]
    assert (newest["actor"], newest["action"]) == ("the admin", "audit.read")


async def test_the_key_of_a_platform_is_set_and_shown_nowhere(admin: Client) -> None:
    await added(admin, format="open311")
    path = f"{URL}/damkar/api-key"
    kept = await admin.post(path, json={"api_key": "kunci-rahasia"})
    assert (kept.status_code, kept.json()["has_api_key"], kept.headers["ETag"]) == (200, True, '"1"')
    read = [await admin.get(one) for one in (URL, f"{URL}/damkar/settings", "/api/v1/audit")]
    assert not any("kunci-rahasia" in answer.text for answer in (kept, *read))
    assert read[0].json()["agencies"][0]["has_api_key"]
    assert "agency.api_key" in read[2].text
    assert (await admin.post(path, json={"api_key": "ada spasi"})).status_code == 422
    assert (await admin.post(path, json={"api_key": None})).json()["has_api_key"] is False
    assert (await admin.post(f"{URL}/bpbd/api-key", json={"api_key": None})).status_code == 404
    assert (await admin.post(URL, json=DAMKAR | {"code": "polres", "name": "Polres"})).status_code == 201
    refused = await admin.post(f"{URL}/polres/api-key", json={"api_key": "kunci-rahasia"})
    assert (refused.status_code, refused.json()["error"]) == (409, "not_open311")


async def test_which_of_its_numbers_take_sms_is_told(admin: Client) -> None:
    new = await added(admin, phone="0328 662112 / 0812-0000-0001")
    assert new["agency"]["sms_to"] == ["+6281200000001"]
    changed = await admin.patch(f"{URL}/damkar/settings", json={"phone": "0328 662112"}, headers={"If-Match": '"1"'})
    assert changed.json()["sms_to"] == []
    assert (await admin.get(URL)).json()["agencies"][0]["sms_to"] == []
