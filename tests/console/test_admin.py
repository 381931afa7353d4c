"""The administration in a browser, on the demo: what administrators do there, and what a supervisor is not shown."""

import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme
from playwright.sync_api import Locator, Page, expect

from tests.acceptance.product import INTAKE112
from tests.console.desk import Keys, desk, windows
from tests.console.map_files import lay
from tests.postgres import free_port
from tests.waiting import until

pytestmark = pytest.mark.real


@dataclass(frozen=True)
class Centre:
    """A running demo: its address, and the passwords of its people."""

    address: str
    passwords: dict[str, str]


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Centre]:
    """`make run` on a fresh state folder, for all tests here."""
    folder, port = tmp_path_factory.mktemp("centre"), free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("INTAKE112_")}
    environment |= {"INTAKE112_STATE_DIR": str(folder / "state"), "INTAKE112_HTTP_PORT": str(port)}
    out: Path = folder / "out"
    with out.open("wb") as file:
        process = subprocess.Popen(
            [INTAKE112, "run", "--demo"], env=environment, stdout=file, stderr=file, stdin=subprocess.DEVNULL
        )
    said = re.compile(r"log in as (\w+) +password (\S+)")
    try:
        found = until(lambda: dict(said.findall(out.read_text())), "the log-ins", 30)
        yield Centre(f"http://127.0.0.1:{port}", found)
    finally:
        process.terminate()
        assert process.wait(20) == 0, out.read_text()


def section(page: Page, centre: Centre, name: str) -> Locator:
    """Open a section; return the part of the page that holds it."""
    page.goto(f"{centre.address}/admin#{name}")
    expect(page.locator(f"nav a[href='#{name}']")).to_have_attribute("aria-current", "page")
    return page.locator(".content")


def test_an_agency_is_added_tried_and_changed_by_two(centre: Centre) -> None:
    with desk(centre.address, "admin", centre.passwords["admin"]) as page:
        expect(page).to_have_url(f"{centre.address}/")
        here = section(page, centre, "agencies")
        here.get_by_role("button", name="+ Tambah instansi").click()
        here.get_by_label("Kode").fill("sar")
        here.get_by_label("Nama", exact=True).fill("Basarnas")
        here.get_by_label("Alamat webhook").fill("http://127.0.0.1:9/sar")
        here.get_by_label("Jaringan dalam").fill("127.0.0.0/8")
        here.get_by_label("Nomor piket").fill("0328 662112")
        here.get_by_label("Bentuk kiriman").select_option("open311")
        here.get_by_label("Kecelakaan laut").check()
        here.get_by_role("button", name="Tambah instansi", exact=True).click()
        once = here.locator(".once")
        expect(once).to_contain_text("whsec_")
        expect(once).to_contain_text("i112_")
        once.get_by_role("button", name="Sudah saya simpan").click()
        expect(once).to_have_count(0)

        expect(here.get_by_label("Alamat webhook")).to_have_value("http://127.0.0.1:9/sar")
        page.locator("#test-send").click()
        expect(here.get_by_role("alert")).to_contain_text("sambungan ditolak")
        expect(page.locator("#deliveries")).to_contain_text("sambungan ditolak")

        here.get_by_label("Nama", exact=True).fill("Basarnas Madura")
        other = page.request.patch(
            f"{centre.address}/api/v1/agencies/sar/settings",
            data={"name": "SAR"},
            headers={"If-Match": '"1"', "Origin": centre.address},
        )
        assert other.status == 200, other.text()
        conflict = here.locator(".conflict")
        expect(conflict).to_contain_text("SAR")
        expect(conflict).to_contain_text("Basarnas Madura")
        expect(here.get_by_label("Nama", exact=True)).to_have_value("Basarnas Madura")
        here.get_by_role("button", name="Simpan", exact=True).click()
        expect(here.get_by_role("alert").filter(has_text="Belum disimpan")).to_be_visible()
        conflict.get_by_role("button", name="Pakai milik saya").click()
        here.get_by_role("button", name="Simpan", exact=True).click()
        expect(here.locator("form .ok")).to_contain_text("✓")
        expect(here.locator("table").first).to_contain_text("Basarnas Madura")

        own = here.get_by_label("Sertifikat otoritas")
        own.fill(pem := trustme.CA().cert_pem.bytes().decode())
        here.get_by_role("button", name="Simpan", exact=True).click()
        expect(here.locator("form .ok")).to_contain_text("✓")
        settings = page.request.get(f"{centre.address}/api/v1/agencies/sar/settings").json()
        assert (settings["ca_pem"], settings["name"]) == (pem, "Basarnas Madura")

        here.get_by_role("button", name="Buat rahasia baru").click()
        expect(here.locator(".once")).to_contain_text("whsec_")
        here.locator(".once").get_by_role("button", name="Sudah saya simpan").click()
        here.get_by_label("Token lama masih berlaku (jam)").fill("0")
        here.get_by_role("button", name="Buat token baru").click()
        expect(here.locator(".once")).to_contain_text("i112_")
        expect(here.locator(".once")).to_contain_text("Token lama tidak berlaku lagi")
        expect(here.get_by_text("Nomor piketnya bukan nomor ponsel")).to_be_visible()
        here.get_by_label("api_key dari platform").fill("kunci-rahasia")
        here.get_by_role("button", name="Simpan api_key").click()
        expect(here.get_by_text("Setiap kiriman memuat api_key")).to_be_visible()
        expect(here.get_by_label("api_key dari platform")).to_have_value("")
        pause = here.locator(".deeds section", has=page.get_by_role("heading", name="Jeda"))
        pause.get_by_label("Alasan").fill("pindah kantor")
        here.get_by_role("button", name="Jeda", exact=True).click()
        expect(here.get_by_role("button", name="Lanjutkan")).to_be_visible()

        here = section(page, centre, "audit")
        here.get_by_label("Apa", exact=True).fill("agency.*")
        here.get_by_role("button", name="Tampilkan").click()
        changed = ("instansi dijeda", "rahasia instansi diganti", "token instansi diperbarui", "instansi diubah")
        for told in (*changed, "instansi ditambah"):
            expect(page.locator("#audit")).to_contain_text(told)
        page.route("**/api/v1/audit?*", lambda one: one.fulfill(json=one.fetch().json() | {"next": 1}))
        here.get_by_role("button", name="Tampilkan").click()
        here.get_by_label("Apa", exact=True).fill("user.*")
        with page.expect_request(re.compile(r"/audit\?.*before=1")) as older:
            here.get_by_role("button", name="Lebih lama").click()
        assert "action=agency" in older.value.url, "older rows are of what is shown, whatever stands in the box"


def test_rules_are_tried_before_they_are_made_and_a_guide_is_not_overwritten(centre: Centre) -> None:
    with desk(centre.address, "admin", centre.passwords["admin"]) as page:
        expect(page).to_have_url(f"{centre.address}/")
        here = section(page, centre, "rules")
        here.get_by_role("button", name="+ Buat versi baru").click()
        first = here.get_by_role("group", name="Aturan", exact=True).locator("> ol > li").first
        first.get_by_label("Kebakaran").uncheck()
        page.locator("#simulated-kind").select_option("kebakaran")
        page.locator("#simulate").click()
        expect(page.locator("#simulated")).to_contain_text("Tidak dikirim ke siapa pun")
        expect(page.locator("#simulated")).to_contain_text("Aturan 1 tidak cocok: jenis lain")
        first.get_by_label("Kebakaran").check()
        expect(page.locator("#simulated")).to_contain_text("coba lagi")
        first.get_by_label("Kirim otomatis").check()
        page.locator("#simulate").click()
        expect(page.locator("#simulated")).to_contain_text("dikirim otomatis")
        here.get_by_role("button", name="Buat versi baru", exact=True).click()
        expect(here.locator("tr", has_text="● berlaku")).to_contain_text("admin")

        here = section(page, centre, "kinds")
        here.get_by_role("button", name="Kebakaran").click()
        here.get_by_label("Pertanyaan 1: Pertanyaan (Indonesia)").fill("Siapa yang terjebak?")
        kinds = page.request.get(f"{centre.address}/api/v1/kinds").json()["kinds"]
        version = next(one["version"] for one in kinds if one["code"] == "kebakaran")
        other = page.request.patch(
            f"{centre.address}/api/v1/kinds/kebakaran",
            data={"guide": [], "icon": "flame"},
            headers={"If-Match": f'"{version}"', "Origin": centre.address},
        )
        assert other.status == 200, other.text()
        conflict = here.locator(".conflict")
        expect(conflict).to_contain_text("(kosong)")
        expect(conflict).to_contain_text("Siapa yang terjebak?")
        expect(here.get_by_label("Ikon")).to_have_value("flame")
        conflict.get_by_role("button", name="Pakai milik saya").click()
        here.get_by_role("button", name="Simpan", exact=True).click()
        expect(here.locator("form .ok")).to_contain_text("✓")
        kinds = page.request.get(f"{centre.address}/api/v1/kinds").json()["kinds"]
        saved = next(one for one in kinds if one["code"] == "kebakaran")
        assert (saved["guide"][0]["name"]["id"], saved["icon"]) == ("Siapa yang terjebak?", "flame")


def test_a_person_a_file_of_places_and_what_a_supervisor_sees(centre: Centre) -> None:
    with desk(centre.address, "admin", centre.passwords["admin"]) as page:
        expect(page).to_have_url(f"{centre.address}/")
        here = section(page, centre, "people")
        here.get_by_role("button", name="+ Tambah orang").click()
        here.get_by_label("Nama masuk").fill("pengawas-malam")
        here.get_by_label("Peran").select_option("supervisor")
        here.get_by_role("button", name="Tambah orang", exact=True).click()
        password = here.locator(".once code").inner_text()
        assert len(password) >= 20
        new = {"name": "siti-pagi", "role": "operator", "password": "kuda laut biru tua"}
        assert page.request.post(f"{centre.address}/api/v1/users", data=new).status == 201
        expect(here.get_by_role("button", name="siti-pagi")).to_be_visible(timeout=20_000)  # the list does not grow old

    # by keyboard: an alarm that comes above moves the button under a mouse that is just pressed
    with desk(centre.address, "pengawas-malam", password, ["status of 422"]) as page:
        expect(page).to_have_url(f"{centre.address}/")
        here = section(page, centre, "places")
        expect(page.locator("main nav a")).to_have_count(8)
        here.get_by_label("CSV", exact=True).fill("code,name,lat,lon\npasar,Pasar Contoh,95,1\n,Tanpa kode,,\n")
        here.get_by_role("button", name="Ganti seluruh daftar").press("Enter")
        expect(here.locator(".why p")).to_have_count(2)
        expect(here.locator(".why p").nth(0)).to_contain_text("Line 2")
        expect(here.locator(".why p").nth(1)).to_contain_text("Line 3")
        here.get_by_label("CSV", exact=True).fill("code,name,lat,lon\npasar,Pasar Contoh,-7.1,113.9\n")
        here.get_by_role("button", name="Ganti seluruh daftar").press("Enter")
        expect(here.get_by_text("1 tempat, dimuat pengawas-malam")).to_be_visible()
        here = section(page, centre, "agencies")
        here.get_by_role("button", name="BPBD").click()
        expect(page.locator("#test-send")).to_be_visible()
        for not_theirs in ("Tambah instansi", "Simpan", "Buat rahasia baru", "Nonaktifkan"):
            expect(here.get_by_role("button", name=not_theirs)).to_have_count(0)


def test_a_token_is_made_and_disabled_and_two_who_change_a_person_or_the_limits_see_both(centre: Centre) -> None:
    with desk(centre.address, "admin", centre.passwords["admin"]) as page:
        expect(page).to_have_url(f"{centre.address}/")

        def elsewhere(method: str, path: str, version: int, body: object) -> None:
            headers = {"If-Match": f'"{version}"', "Origin": centre.address}
            other = page.request.fetch(f"{centre.address}/api/v1/{path}", method=method, data=body, headers=headers)
            assert other.status == 200, other.text()

        def mine_is_taken(here: Locator, theirs: str) -> None:
            conflict = here.locator(".conflict")
            expect(conflict).to_contain_text(theirs)
            conflict.get_by_role("button", name="Pakai milik saya").click()
            here.get_by_role("button", name="Simpan", exact=True).click()
            expect(here.locator("form .ok")).to_contain_text("✓")

        here = section(page, centre, "tokens")
        here.get_by_role("button", name="+ Buat token").click()
        here.get_by_label("Nama", exact=True).fill("silapor")
        here.get_by_role("button", name="Buat token", exact=True).click()
        expect(here.locator(".once code")).to_contain_text("i112_")
        token = here.locator(".once code").inner_text()
        mine = {"Authorization": f"Bearer {token}"}
        assert page.request.get(f"{centre.address}/api/v1/kinds", headers=mine).status == 200
        here.get_by_role("button", name="Nonaktifkan", exact=True).click()
        here.get_by_role("button", name="Ya, nonaktifkan silapor").click()
        expect(here.locator("tr", has_text="silapor")).to_contain_text("○ nonaktif")
        assert page.request.get(f"{centre.address}/api/v1/kinds", headers=mine).status == 401

        here = section(page, centre, "people")
        here.get_by_role("button", name="operator2").click()
        here.get_by_label("Peran").select_option("supervisor")
        elsewhere("PATCH", "users/operator2", 1, {"role": "admin"})
        mine_is_taken(here, "administrator")
        expect(here.locator("tr", has_text="operator2")).to_contain_text("pengawas")

        here = section(page, centre, "callers").get_by_role("region", name="Batas laporan ganda")
        here.get_by_label("Jarak paling jauh").fill("900")
        limits = page.request.get(f"{centre.address}/api/v1/duplicate-limits").json()
        elsewhere("PUT", "duplicate-limits", limits.pop("version"), limits | {"within_m": 300})
        here.get_by_role("button", name="Simpan", exact=True).click()
        expect(here.get_by_label("Jarak paling jauh")).to_have_value("900")
        mine_is_taken(here, "300")
        assert page.request.get(f"{centre.address}/api/v1/duplicate-limits").json()["within_m"] == 900


def test_maps_are_uploaded_by_keyboard_and_drawn_on_open_desks(centre: Centre, tmp_path: Path) -> None:
    lay(tmp_path)
    (tmp_path / "Peta Lama.json").write_text('{"type": "FeatureCollection", "features": [7]}', "utf-8")
    with windows() as running:
        running.forgiven.append("status of 422")
        at_desk = running.enter(centre.address, "operator", centre.passwords["operator"])
        at_desk.locator("#newest li button").first.click()
        expect(at_desk.locator("#map-pane path.land").first).to_be_attached()
        page = running.enter(centre.address, "admin", centre.passwords["admin"])
        here, keys = section(page, centre, "map"), Keys(page)
        expect(here.get_by_text("Belum ada berkas")).to_be_visible()

        def choose(file: str) -> None:
            keys.to(here.get_by_label("Berkas", exact=True))
            with page.expect_file_chooser() as chosen:
                keys.press("Space")
            chosen.value.set_files(tmp_path / file)

        choose("Peta Lama.json")
        expect(here.get_by_label("Nama di server")).to_have_value("Peta-Lama.geojson")
        keys.push(here.get_by_role("button", name="Unggah"))
        expect(here.get_by_role("alert")).to_contain_text("Objek 1 berbentuk int")
        choose("batas.geojson")
        keys.push(here.get_by_role("button", name="Unggah"))
        row = here.locator("tr", has_text="batas.geojson")
        expect(row).to_contain_text("2 objek, 1 bernama")
        expect(row).to_contain_text("-7,20 … -6,80; 113,60 … 114,20")
        expect(at_desk.locator("#map .said.post")).to_have_text("Pos <b>Damkar</b>")
        with at_desk.expect_response(re.compile(r"jalan\.pmtiles$")):
            choose("jalan.pmtiles")
            keys.push(here.get_by_role("button", name="Unggah"))
        expect(here.locator("tr", has_text="jalan.pmtiles")).to_contain_text("● tampil di peta")
        expect(at_desk.locator("#map canvas").first).to_be_attached()

        keys.push(here.get_by_role("button", name="Ganti batas.geojson"))
        expect(here.get_by_label("Berkas", exact=True)).to_be_focused()
        (tmp_path / "baru.geojson").write_text((tmp_path / "batas.geojson").read_text("utf-8").replace("Damkar", "SAR"))
        choose("baru.geojson")
        expect(here.get_by_text("Menggantikan batas.geojson")).to_be_visible()
        keys.push(here.get_by_role("button", name="Ganti", exact=True))
        expect(at_desk.locator("#map .said.post")).to_have_text("Pos <b>SAR</b>")
        keys.push(here.get_by_role("button", name="Hapus batas.geojson"))
        keys.push(here.get_by_role("button", name="Ya, hapus batas.geojson"))
        expect(row).to_have_count(0)
        expect(at_desk.locator("#map .said.post")).to_have_count(0)
