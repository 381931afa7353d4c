"""The operator's form in a real browser, a colleague beside: places, guide, duplicates, history, conflicts, shift."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from intake.api.operators import NEWEST
from tests.console.demo import Demo, running
from tests.console.desk import desk

pytestmark = pytest.mark.real
ASK = """async ([method, url, body, headers]) => {
  const json = { "Content-Type": "application/json", ...headers };
  const answer = await fetch(url, { method, headers: json, body: body === null ? undefined : JSON.stringify(body) });
  return [answer.status, await answer.json()];
}"""


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """One demo for all of these tests."""
    with running(tmp_path_factory.mktemp("demo")) as demo:
        yield demo


@pytest.fixture(scope="module")
def page(demo: Demo) -> Iterator[Page]:
    """The operator's page."""
    with desk(demo.address, "operator", demo.password) as page:
        expect(page.locator("#newest li").first).to_be_visible(timeout=30_000)
        yield page


@pytest.fixture(scope="module")
def colleague(demo: Demo, page: Page) -> Page:
    """The supervisor's page, in the same browser."""
    assert page.context.browser is not None
    other = page.context.browser.new_context(viewport={"width": 1920, "height": 1080}, locale="id-ID").new_page()
    other.goto(demo.address)
    other.get_by_label("Nama").fill("supervisor")
    other.get_by_label("Kata sandi").fill(demo.passwords["supervisor"])
    other.get_by_role("button", name="Masuk").click()
    other.goto(demo.address)
    expect(other.locator("#newest li").first).to_be_visible()
    return other


def ask(page: Page, method: str, path: str, body: object = None, **headers: str) -> Any:
    """Ask the API as the person of this page."""
    status, answer = page.evaluate(ASK, [method, f"/api/v1/{path}", body, headers])
    assert status in (200, 201), answer
    return answer


def opened(page: Page, caller: str, **fields: object) -> str:
    """Put a new report in front, and return its number."""
    body = {"source": "whatsapp", "caller": {"number": caller, "name": "Budi Teladan"}, **fields}
    number: str = ask(page, "POST", "reports", body)["number"]
    page.locator(f'#newest [data-number="{number}"]').click()
    expect(page.locator("#number")).to_have_text(number)
    return number


def test_a_place_is_chosen_beside_what_was_typed(page: Page) -> None:
    number = opened(page, "+6281200010101")
    typed = page.locator("#field-location-text")
    typed.press_sequentially("pulau sapudi")
    expect(page.locator("#places li").first).to_contain_text("▲ pulau, tanpa jalan")
    typed.press("ArrowDown")
    typed.press("Enter")
    expect(page.locator("#place")).to_contain_text("Pulau Sapudi")
    expect(page.locator("#place")).to_contain_text("▲ pulau, tanpa jalan")
    expect(typed).to_be_focused()
    expect(page.locator("#entries")).to_contain_text("Tempat: – → Pulau Sapudi")
    place = ask(page, "GET", f"reports/{number}")["location"]
    assert (place["text"], place["place_name"]) == ("pulau sapudi", "Pulau Sapudi")

    page.keyboard.press("Control+k")
    page.keyboard.type("l bluto pakandangan")
    expect(page.locator("#command-places li").first).to_contain_text("Kecamatan Bluto")
    expect(page.locator("#command-effect")).to_contain_text("▲ tempat tetap Pulau Sapudi")
    page.keyboard.press("ArrowDown")
    expect(page.locator("#command-effect")).to_contain_text(
        re.compile(r"Lokasi: bluto pakandangan · tempat Desa .+\(35\.29")
    )
    page.keyboard.press("Enter")
    expect(page.locator("#place")).to_contain_text("Kecamatan Bluto")
    expect(typed).to_have_value("bluto pakandangan")


def test_answers_raise_the_priority_and_only_propose_what_a_person_set_lower(page: Page) -> None:
    opened(page, "+6281200010102")
    page.locator("#field-kind").select_option("hewan")
    yes = page.locator("#guide li").first.get_by_role("button", name="Ya")
    yes.click()
    expect(yes).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#guide-sum")).to_contain_text("▲ P2 menurut jawaban")
    expect(page.locator("#field-priority")).to_have_value("P2")
    page.locator("#field-priority").select_option("P3")
    expect(page.locator("#guide-sum")).to_contain_text("mengusulkan P2; laporan tetap P3")
    page.get_by_role("button", name="Pakai P2").click()
    expect(page.locator("#guide-sum")).to_contain_text("▲ P2 menurut jawaban")


def test_a_duplicate_is_joined_with_one_key_and_taken_apart(page: Page) -> None:
    first = opened(page, "+6281200010103", kind="kebakaran", location={"text": "Pasar Teladan, Kepanjin"})
    second = opened(page, "+6281200010104", kind="kebakaran", location={"text": "Pasar Teladan, Kepanjin"})
    expect(page.locator("#duplicates")).to_contain_text("tempat sama")
    page.keyboard.press("Alt+m")
    expect(page.locator("#group li")).to_have_count(2)
    expect(page.locator("#group")).to_contain_text(f"Langkah dan pengiriman ada di {first}")
    expect(page.locator(f'#newest [data-number="{second}"]')).to_contain_text(f"bagian dari {first[-4:]}")
    page.locator("#group").get_by_role("button", name="lepaskan").click()
    expect(page.locator("#group")).to_have_count(0)
    expect(page.locator("#duplicates")).to_contain_text(first)
    for _ in range(4):
        body = {"source": "whatsapp", "kind": "kebakaran", "location": {"text": "Pasar Teladan, Kepanjin"}}
        ask(page, "POST", "reports", body)
    page.locator("#duplicates").get_by_role("button", name="+1 lagi").click()
    expect(page.locator("#duplicates li")).to_have_count(5)


def test_two_people_see_each_other_and_both_values_of_a_conflict(page: Page, colleague: Page) -> None:
    number = opened(page, "+6281200010105")
    colleague.locator(f'#newest [data-number="{number}"]').click()
    expect(colleague.locator("#presence")).to_contain_text("operator juga membuka")
    page.locator("#entry").press_sequentially("tunggu")
    expect(colleague.locator("#presence")).to_contain_text("operator menulis di Catatan")

    held: list[Route] = []

    def hold_the_first_change(one: Route) -> None:
        if one.request.method == "PATCH" and not held:
            held.append(one)
        else:
            one.continue_()

    page.route(f"**/api/v1/reports/{number}", hold_the_first_change)
    with page.expect_request(lambda one: one.method == "PATCH"):
        page.locator("#flags").get_by_role("button", name="Korban luka").click()
    version = ask(colleague, "GET", f"reports/{number}")["version"]
    ask(colleague, "PATCH", f"reports/{number}", {"flags": {"hurt": False}}, **{"If-Match": f'"{version}"'})
    assert held, "the page has sent nothing"
    held[0].continue_()
    conflict = page.locator('[data-conflict="flags.hurt"]')
    expect(conflict).to_contain_text("Korban luka diubah orang lain: tidak")
    opened(page, "+6281200010112")
    page.locator("#unsaved").get_by_role("button", name="▲ 2 isian belum tersimpan").click()
    where = page.locator("#unsaved li")
    expect(where).to_contain_text("Korban luka (diubah orang lain: pilih)")
    expect(where).to_contain_text("Catatan (setengah jadi, belum dikirim)")
    where.get_by_role("link", name=number).click()
    expect(page.locator("#number")).to_have_text(number)
    page.get_by_role("button", name="Keluar").click()
    expect(page.locator("#log-out")).to_contain_text("▲ 2 isian belum tersimpan tertinggal")
    page.get_by_role("button", name="Tetap di sini").click()
    expect(page.locator("#log-out")).to_have_text("Keluar")
    conflict.get_by_role("button", name="Pakai milik saya: ya").click()
    expect(conflict).to_have_count(0)
    expect(colleague.locator("#flags")).to_contain_text("▲ Korban luka: ya")


def test_nothing_is_sent_to_those_whom_the_former_kind_proposed(page: Page) -> None:
    number = opened(page, "+6281200010110", kind="kebakaran", priority="P1", location={"text": "Jl. Teladan 1"})
    damkar = page.locator("#agencies").get_by_label("Pemadam Kebakaran")
    expect(damkar).to_be_checked()
    held: list[Route] = []
    page.route("**/dispatches/proposed", lambda one: held.append(one))
    with page.expect_request("**/dispatches/proposed"):
        page.locator("#field-kind").select_option("ambulans")
        page.keyboard.press("Control+Enter")
    expect(page.locator("#send")).to_contain_text("▲ menunggu usulan")
    assert ask(page, "GET", f"reports/{number}")["dispatches"] == []
    page.unroute("**/dispatches/proposed")
    for one in held:
        one.continue_()
    expect(page.locator("#dispatches > li").first).to_be_visible()
    sent = {one["agency"] for one in ask(page, "GET", f"reports/{number}")["dispatches"]}
    proposed = ask(page, "GET", f"reports/{number}/dispatches/proposed")["proposed"]
    assert sent == {one["agency"] for one in proposed if one["chosen"]}
    expect(damkar).not_to_be_checked()

    page.route("**/dispatches/proposed", lambda one: one.fulfill(status=503, json={}))
    page.locator("#field-priority").select_option("P2")
    expect(page.locator("#send")).to_contain_text("▲ Usulan aturan tidak dapat dibaca")
    page.unroute("**/dispatches/proposed")
    expect(page.locator("#send")).not_to_contain_text("tidak dapat dibaca")


def test_what_failed_is_said_until_the_same_is_done(page: Page) -> None:
    number = opened(page, "+6281200010111", kind="kebakaran", priority="P1")
    expect(page.locator("#agencies").get_by_label("Pemadam Kebakaran")).to_be_checked()
    sends, trouble = f"**/reports/{number}/dispatches", page.locator("#trouble li")
    page.route(sends, lambda one: one.fulfill(status=503, json={}))
    page.keyboard.press("Control+Enter")
    expect(trouble).to_contain_text(f"{number} Tidak ada jawaban")
    page.locator("#entry").fill("salah tulis")
    page.locator("#entry").press("Enter")
    page.locator("#entries li:not(.unsent)", has_text="salah tulis").get_by_role("button", name="coret").click()
    expect(page.locator("#entries li:not(.unsent)", has_text="salah tulis")).to_contain_text("dicoret operator")
    expect(trouble).to_have_count(1)
    page.unroute(sends)
    page.keyboard.press("Control+Enter")
    expect(page.locator("#dispatches > li").first).to_be_visible()
    expect(trouble).to_have_count(0)


def test_a_nuisance_is_marked_by_two_people_and_a_past_report_linked(page: Page, colleague: Page) -> None:
    before = opened(page, "+6281200010106")
    number = opened(page, "+6281200010106")
    history = page.locator("#history")
    expect(history).to_contain_text("▲ 1 belum ditutup")
    history.locator("summary").click()
    expect(history).to_contain_text(before)
    history.get_by_role("button", name="hubungkan").click()
    expect(history).to_contain_text("⇄ terhubung")
    page.locator("#field-class").select_option("prank")
    page.get_by_label("Alasan teguran").fill("anak bermain telepon")
    page.get_by_role("button", name="Usulkan teguran nomor").click()
    expect(history).to_contain_text("○ diusulkan operator, menunggu orang kedua")
    expect(history.get_by_role("button", name="Setujui")).to_have_count(0)
    colleague.locator(f'#newest [data-number="{number}"]').click()
    colleague.locator("#history summary").click()
    colleague.get_by_role("button", name="Setujui").click()
    expect(colleague.locator("#strikes")).to_contain_text("▲ ditandai sampai")


def test_a_shift_is_handed_over_and_a_resolved_report_is_checked_before_it_closes(page: Page, colleague: Page) -> None:
    number = opened(page, "+6281200010107", kind="pohon", location={"text": "Jl. Raya Umpama"})
    page.locator("#steps").get_by_role("button", name="Selesai di lapangan").click()
    verify = page.get_by_role("button", name="Tutup: penelepon sudah diberi tahu")
    expect(verify).to_be_visible()
    expect(page.locator("#disposition")).to_have_value("resolved")
    page.get_by_role("button", name="Belum selesai: buka lagi").click()
    expect(page.locator("#status")).to_contain_text("dibuka lagi")

    page.get_by_label("Telepon meja").select_option("PJSIP/op8")  # the last that a demo's caller is answered at
    page.get_by_role("button", name="Mulai giliran").click()
    page.get_by_role("button", name="Akhiri giliran").click()
    page.get_by_label("Yang harus diketahui").fill("Pohon di Jl. Umpama belum dipotong.")
    page.get_by_role("button", name="Serahkan dan akhiri").click()
    expect(page.locator("#device")).to_be_visible()
    own = page.locator("#handovers li")
    expect(own).to_contain_text("dari Anda sendiri")
    own.get_by_role("button", name="Ambil kembali").click()
    expect(own).to_have_count(0)
    page.locator(f"#mine [data-number='{number}']").press("Enter")  # a call that was answered there is in front
    expect(page.locator("#number")).to_have_text(number)

    ask(page, "POST", "handovers", {"note": "Pohon di Jl. Umpama belum dipotong.", "to": "admin"})
    waiting = colleague.locator("#handovers li")
    expect(waiting).to_contain_text("untuk admin · ▲ tidak sedang bertugas")
    expect(waiting).to_have_count(1)
    expect(waiting).to_contain_text("Pohon di Jl. Umpama belum dipotong.")
    waiting.get_by_role("button", name="Ambil sebagai gantinya").click()
    expect(colleague.locator("#handovers")).to_have_count(0)
    expect(page.locator("#handover")).to_contain_text("diambil supervisor")
    assert page.locator("#number").inner_text() == number

    page.locator("#steps").get_by_role("button", name="Selesai di lapangan").click()
    verify.click()
    expect(page.locator("#status")).to_contain_text("ditutup")
    expect(page.locator(".steps")).to_contain_text("Hasil: Tertangani · penelepon sudah diberi tahu")


def test_what_is_mine_stays_in_sight_however_much_came_since_until_it_is_handed_over(
    page: Page, colleague: Page
) -> None:
    number = opened(page, "+6281200010108")
    mine = page.locator(f"#mine [data-number='{number}']")
    expect(mine).to_be_visible()
    for _ in range(NEWEST + 1):
        ask(colleague, "POST", "reports", {"source": "whatsapp"})
    page.reload()
    expect(mine).to_be_visible()
    newest = page.locator(f"#newest [data-number='{number}']")
    expect(newest).to_have_count(0)
    count = page.locator("#open-count")
    expect(count).to_have_text(re.compile(rf"^{NEWEST} dari \d+ laporan terbuka$"))
    while not newest.count():
        before = page.locator("#newest li").count()
        page.get_by_role("button", name="Tampilkan lagi").click()
        expect(page.locator("#newest li")).not_to_have_count(before)
    before_it = re.compile(rf"dari {count.inner_text().split()[2]} laporan")
    another = ask(colleague, "POST", "reports", {"source": "whatsapp"})["number"]
    expect(page.locator(f"#newest [data-number='{another}']")).to_be_visible()
    expect(count).not_to_have_text(before_it)  # the demo's own callers come meanwhile, too
    mine.click()
    expect(page.locator("#number")).to_have_text(number)
    ask(page, "POST", "handovers", {"note": "Sampai besok", "reports": [number]})
    expect(mine).to_have_count(0)


def test_a_report_that_no_list_has_is_found_by_its_number_and_by_its_telephone_number(page: Page) -> None:
    number = opened(page, "+6281200010109")
    ask(page, "POST", f"reports/{number}/close", {"class": "information"})
    page.get_by_role("button", name=f"Tutup {number}").click()  # its tab would outlive the reload
    page.reload()
    expect(page.locator("#newest li").first).to_be_visible()
    assert page.locator(f'[data-number="{number}"]').count() == 0, "it is closed, and not in the snapshot"
    page.keyboard.press("Control+k")
    page.keyboard.type("buka 9999")
    page.reload()
    expect(page.locator("#command")).to_have_value("buka 9999")
    page.locator("#command").focus()
    expect(page.locator("#command-effect")).to_contain_text("Cari laporan 9999 di server")
    page.keyboard.press("Enter")
    expect(page.locator("#command-effect")).to_contain_text("▲ Tidak ditemukan: 9999")
    page.keyboard.press("Control+A")
    page.keyboard.type(f"buka {int(number[-4:])}")
    page.keyboard.press("Enter")
    expect(page.locator("#number")).to_have_text(number)
    page.locator("#search").fill("0812 0001 0109")
    page.locator("#search").press("Enter")
    expect(page.locator("#found li")).to_have_count(1)
    expect(page.locator("#found")).to_contain_text("ditutup")
    page.locator("#pin-text").fill("-7.0")
    page.reload()
    page.locator(f"button[data-number='{number}']").first.click()
    expect(page.locator("#pin-text")).to_have_value("-7.0")
    expect(page.locator("#command")).to_have_count(0)
