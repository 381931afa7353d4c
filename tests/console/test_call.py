"""Operators at work, each with a keyboard and nothing else, on a pretend Asterisk whose calls the test leads."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, Request, Route, expect

from tests.console.centre import Centre
from tests.console.desk import Keys, Windows
from tests.console.lines import PretendCall
from tests.console.probes import COUNTS_RINGS, CUT_OFF, HEARD, PLACES
from tests.console.story import another_told, from_the_ring_to_closed
from tests.waiting import until

pytestmark = [pytest.mark.real, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def siti(here: Centre, chromium: Windows) -> Page:
    """Siti's desk, with her shift at PJSIP/op1 after the first test."""
    return here.enter(chromium, "siti")


@pytest.fixture(autouse=True)
def well(chromium: Windows) -> Iterator[None]:
    """Each test answers for what its pages asked and complained of."""
    yield
    chromium.all_well()


def test_a_whole_call_by_keyboard_alone(here: Centre, chromium: Windows, siti: Page) -> None:
    earlier = another_told(here.product)
    number = from_the_ring_to_closed(chromium, siti, here.call("+6281200000001"), here.agency, earlier)
    report, head = here.product.report(number), here.product.report(earlier)
    assert (head["status"], head["caller_told"], report["status"]) == ("closed", "told", "closed")
    assert report["call"]["operator"]["user"] == "siti"
    assert len(here.product.reports()) == 2


def answered(here: Centre, page: Page, number: str) -> tuple[PretendCall, str]:
    """A new call is answered at Siti's telephone and in front of her; return it and its report's number."""
    call = here.call(number)
    page.evaluate("document.activeElement.blur()")  # nobody is typing
    call.rings()
    call.answers()
    expect(page.locator("#caller-number")).to_contain_text(number)
    expect(page.get_by_role("button", name="(Alt+P)")).to_be_visible()  # it knows whose talk it is
    return call, page.locator("#number").inner_text()


def ended(here: Centre, page: Page, call: PretendCall) -> None:
    """The caller has hung up, and the desk is ready for the next."""
    call.hangs_up()
    expect(page.get_by_text("✎ menyelesaikan")).to_be_visible()
    page.keyboard.press("F10")  # the wrap-up is over
    expect(page.get_by_text("● siap")).to_be_visible()


def test_no_emergency_ends_in_two_keys_and_esc_keeps_the_caller(here: Centre, siti: Page) -> None:
    keys, hung_up = Keys(siti), list[str]()

    def asked(one: Request) -> None:
        if one.url.endswith("/call/hang-up"):
            hung_up.append(one.url.split("/")[-3])

    siti.on("request", asked)
    counting, status = siti.get_by_text("Panggilan diputus dalam"), siti.locator("#status")
    call, prank = answered(here, siti, "+6281200000011")
    keys.to(siti.get_by_label("Lokasi", exact=True))
    keys.type("zz")
    expect(siti.locator(".where .list")).to_be_visible()
    keys.press("Alt+P")
    expect(counting).to_contain_text("dalam 4 dtk")
    expect(status).to_contain_text("■ ditutup")
    keys.press("Escape")  # with the list of places open, which would take it
    expect(counting).to_be_hidden()
    keys.press("Alt+U")  # it was a report after all
    expect(status).not_to_contain_text("ditutup")
    ended(here, siti, call)

    call, ghost = answered(here, siti, "+6281200000012")
    keys.press("Alt+G")
    step = siti.get_by_role("alert").filter(has_text="mungkin dalam bahaya")
    expect(step).to_be_visible()
    keys.press("Escape")
    expect(step).to_be_hidden()
    expect(status).not_to_contain_text("ditutup")
    keys.press("Alt+G", "Alt+G")
    expect(counting).to_be_visible()
    keys.press("Escape")
    ended(here, siti, call)

    call, information = answered(here, siti, "+6281200000013")
    keys.press("Alt+I")
    expect(counting).to_be_visible()
    assert hung_up == [], "a caller was hung up before the countdown's end, or although somebody pressed Esc"
    expect(counting).to_be_hidden()
    assert hung_up == [information]
    call.hangs_up()
    expect(siti.get_by_text("● siap")).to_be_visible()  # at once, without a key
    siti.remove_listener("request", asked)
    classes = [here.product.report(number)["class"] for number in (prank, ghost, information)]
    assert classes == ["normal", "ghost", "information"]


def test_what_comes_while_somebody_types_waits_in_a_tab(here: Centre, siti: Page) -> None:
    keys = Keys(siti)
    call, first = answered(here, siti, "+6281200000021")
    ended(here, siti, call)
    narrative = siti.get_by_label("Uraian")
    keys.to(narrative)
    other, next_one = here.call("+6281200000022", desk=5), here.call("+6281200000023")
    for words, then in (
        ("Api di dapur, ", other.rings),
        ("dua orang ", other.answers),
        ("di dalam, ", next_one.rings),
        ("pintu ", next_one.answers),
        ("terkunci", lambda: expect(siti.get_by_text("◉ berbicara").first).to_be_visible()),
        (".", lambda: None),
    ):
        keys.type(words)
        then()
        expect(narrative).to_be_focused()
    expect(narrative).to_have_value("Api di dapur, dua orang di dalam, pintu terkunci.")
    assert siti.locator("#number").inner_text() == first
    keys.press("Alt+P")  # of the caller on the line, not of what is in front
    expect(siti.get_by_role("alert").filter(has_text="laporan ini tidak ditutup")).to_be_visible()
    assert here.product.report(first)["status"] != "closed"
    waiting = siti.get_by_role("navigation", name="Laporan yang dibuka").get_by_role("button", name="◉")
    expect(waiting).to_have_count(1)
    keys.to(waiting, back=True)
    keys.press("Enter")
    expect(siti.locator("#caller-number")).to_contain_text(next_one.number)
    assert here.product.report(first)["narrative"].endswith("pintu terkunci.")
    other.hangs_up()
    ended(here, siti, next_one)

    third, shown = here.call("+6281200000024"), siti.locator("#number").inner_text()
    keys.to(siti.locator("#steps button").first)  # no text box, and the next key is meant for this report all the same
    siti.evaluate(COUNTS_RINGS)
    third.rings()
    until(lambda: siti.evaluate("globalThis.rings") >= 2, "it rings on until somebody answers")
    third.answers()
    expect(waiting).to_have_count(1)
    expect(siti.locator("#number")).to_have_text(shown)
    keys.push(waiting)
    ended(here, siti, third)


def test_the_report_in_front_stays_until_the_other_is_there(here: Centre, chromium: Windows, siti: Page) -> None:
    chromium.forgiven += ["net::ERR_", "status of 404"]
    first = siti.locator("#number").inner_text()
    late, gone = (here.product.post("/reports", {"source": "walk-in"})["number"] for _ in range(2))
    siti.route(f"**/api/v1/reports/{late}", lambda route: route.abort())
    siti.route(f"**/api/v1/reports/{gone}", lambda route: route.fulfill(status=404, json={"error": "unknown_report"}))
    tabs, number = siti.get_by_role("navigation", name="Laporan yang dibuka"), siti.locator("#number")
    siti.reload()  # now it knows them from the snapshot alone
    expect(number).to_have_text(first)
    places = siti.evaluate(PLACES)
    siti.locator(f"#newest [data-number='{late}']").click()
    expect(siti.get_by_text(f"{late} dibaca…")).to_be_visible()
    assert siti.evaluate(PLACES) == places, "what is being read moves what is in front"
    expect(number).to_have_text(first)
    siti.unroute(f"**/api/v1/reports/{late}")
    expect(number).to_have_text(late)
    siti.route("**/api/v1/desks", lambda route: route.abort())
    siti.keyboard.press("F10")
    not_read = siti.get_by_text("Giliran belum terbaca")
    expect(not_read).to_be_visible()
    siti.unroute("**/api/v1/desks")
    expect(not_read).to_be_hidden()
    siti.keyboard.press("F10")
    expect(siti.get_by_text("● siap")).to_be_visible()
    siti.locator(f"#newest [data-number='{gone}']").click()
    expect(siti.get_by_role("alert").filter(has_text=f"{gone} tidak dapat dibuka")).to_be_visible()
    expect(number).to_have_text(late)
    keys, note = Keys(siti), siti.locator("#step-note")
    keys.write(note, "Warga sudah menangani")  # nothing saves it by itself
    for opened in (first, late):
        keys.push(tabs.locator(f"[data-number='{opened}']"))
        expect(number).to_have_text(opened)
    expect(note).to_have_value("Warga sudah menangani")
    open_now = tabs.locator("[data-number]").count()
    siti.reload()
    expect(number).to_have_text(late)
    expect(note).to_have_value("Warga sudah menangani")
    expect(tabs.locator("[data-number]")).to_have_count(open_now)


def test_of_two_operators_on_one_report_nothing_is_lost(here: Centre, chromium: Windows, siti: Page) -> None:
    chromium.forgiven.append("status of 412")  # the page asks whose words shall stand
    call, number = answered(here, siti, "+6281200000031")
    ended(here, siti, call)
    budi = here.enter(chromium, "budi")
    one, two = Keys(siti), Keys(budi)
    two.push(budi.locator(f"#newest [data-number='{number}']"))
    expect(budi.locator("#number")).to_have_text(number)
    one.to(siti.get_by_label("Uraian"))
    two.to(budi.get_by_label("Lokasi", exact=True))
    for at_once in zip(("Sepeda ", "motor ", "jatuh"), ("Jalan ", "Contoh ", "12"), strict=True):
        one.type(at_once[0])
        two.type(at_once[1])
    expect(siti.get_by_label("Lokasi", exact=True)).to_have_value("Jalan Contoh 12")
    expect(budi.get_by_label("Uraian")).to_have_value("Sepeda motor jatuh")

    name, theirs = "Nama penelepon", siti.get_by_role("alert").filter(has_text="diubah orang lain")
    one.to(siti.get_by_label(name))
    two.to(budi.get_by_label(name))

    def after_budi(route: Route) -> None:
        if route.request.method == "PATCH":
            expect(budi.locator("#field-caller-name-mark")).to_contain_text("✓")
        route.continue_()

    siti.route("**/api/v1/reports/*", after_budi)
    one.type("Bu Misal")
    two.type("Bu Contoh")
    expect(theirs).to_contain_text("Bu Contoh")
    siti.unroute("**/api/v1/reports/*")
    expect(siti.get_by_label(name)).to_have_value("Bu Misal")
    one.push(theirs.get_by_role("button", name="Pakai milik saya"))
    expect(budi.get_by_label(name)).to_have_value("Bu Misal")

    for keys, text in ((one, "Satu orang luka"), (two, "Ambulans diminta")):
        keys.write(keys.page.get_by_label("Tulis catatan"), text)
    one.press("Enter")
    two.press("Enter")
    for page in (siti, budi):
        for text in ("Satu orang luka", "Ambulans diminta"):
            expect(page.locator("#entries li:not(.unsent)", has_text=text)).to_have_count(1)
    report = here.product.report(number)
    assert (report["location"]["text"], report["narrative"]) == ("Jalan Contoh 12", "Sepeda motor jatuh")
    budi.context.close()


WAITS_ITS_TURN = "navigator.locks.query().then(({pending}) => pending.some(({name}) => name === 'intake112.sound'))"


def test_of_two_tabs_one_rings_and_when_it_is_closed_the_other(here: Centre, siti: Page) -> None:
    other = siti.context.new_page()
    other.goto(f"{here.address}/papan")  # whoever is on shift is called there, too
    other.locator("#sound").click()
    for page, says in ((siti, "♪ Bunyi: dari tab lain"), (other, "♪ Bunyi: nyala")):
        expect(page.locator("#sound")).to_have_text(says)
        page.evaluate(COUNTS_RINGS)
    assert siti.evaluate(WAITS_ITS_TURN), "the tab that was used last has the ring"
    call = here.call("+6281200000035")
    call.rings()
    until(lambda: other.evaluate("rings") >= 2, "it rings there, and rings on")
    assert siti.evaluate("rings") == 0, "both tabs ring"
    other.close()
    until(lambda: siti.evaluate("rings"), "it rings in the tab that is left")
    expect(siti.locator("#sound")).to_have_text("♪ Bunyi: nyala")
    call.answers()
    call.hangs_up()
    expect(siti.locator("#queue li")).to_have_count(0)


def test_twelve_tabs_hear_by_one_stream(here: Centre, siti: Page) -> None:
    tabs = [siti, *(siti.context.new_page() for _ in range(11))]
    for tab in tabs[1:]:
        tab.goto(here.address)
    until(lambda: here.listeners() == 1, "one stream for all tabs")
    call = here.call("+6281200000041")
    call.rings()
    for tab in tabs:
        expect(tab.locator("#queue li", has_text=call.number)).to_be_visible()
    assert here.listeners() == 1
    call.answers()
    call.hangs_up()
    for tab in tabs:
        expect(tab.locator("#queue li")).to_have_count(0)
    for tab in tabs[1:]:
        tab.close()
    expect(siti.locator("#stale")).to_be_hidden()


LOST_HZ, OVERDUE_HZ = 784, 523
WORDS = "Rumah kayu terbakar di Dusun Contoh, dua orang di lantai atas, jalan masuk sempit."


def test_a_server_that_is_killed_while_somebody_types_loses_no_key(here: Centre, chromium: Windows, siti: Page) -> None:
    chromium.forgiven += ["net::ERR_", "status of 502"]  # it is away
    keys = Keys(siti)
    _, number = answered(here, siti, "+6281200000051")
    narrative, mark = siti.get_by_label("Uraian"), siti.locator("#field-narrative-mark")
    places = siti.evaluate(PLACES)
    keys.to(narrative)
    keys.type(WORDS[:25])
    here.product.kill()
    keys.type(WORDS[25:50])
    expect(mark).to_contain_text("▲ belum tersimpan")
    keys.write(siti.get_by_label("Tulis catatan"), "Penelepon terputus")
    keys.press("Enter")
    expect(siti.locator("#entries li.unsent", has_text="Penelepon terputus")).to_be_visible()
    expect(siti.locator("#alarms")).to_contain_text("Server tidak menjawab", timeout=20_000)
    assert siti.evaluate(PLACES) == places, "what comes and goes moves nothing below"
    keys.to(narrative, back=True)
    keys.press("End")
    here.product.start(ready=False)
    for letter in WORDS[50:]:
        keys.type(letter)
        siti.wait_for_timeout(30)  # as fast as people type
    expect(narrative).to_be_focused()
    expect(narrative).to_have_value(WORDS)
    here.product.until_ready()
    expect(mark).to_contain_text("✓", timeout=20_000)
    expect(siti.locator("#entries li:not(.unsent)", has_text="Penelepon terputus")).to_have_count(1, timeout=20_000)
    expect(siti.locator("#alarms")).to_be_hidden(timeout=20_000)
    report = here.product.report(number)
    assert report["narrative"] == WORDS
    assert [entry["text"] for entry in report["entries"]].count("Penelepon terputus") == 1
    until(lambda: here.listeners() == 1, "the page listens again")


def test_a_page_that_hears_nothing_says_so_within_twelve_seconds(here: Centre, siti: Page) -> None:
    expect(siti.locator("#stale")).to_be_hidden()
    expect(siti.locator("#sound")).to_have_text("♪ Bunyi: nyala")  # by the first of all those keys
    siti.evaluate(HEARD)
    here.product.freeze()
    try:
        expect(siti.locator("#stale")).to_contain_text("tidak diperbarui sejak", timeout=12_000)
        for _ in range(3):
            expect(siti.locator("#clock")).not_to_have_text(siti.locator("#clock").inner_text())
    finally:
        here.product.thaw()
    expect(siti.locator("#stale")).to_be_hidden(timeout=20_000)
    assert siti.evaluate("tones").count(LOST_HZ) == 1, "a lost connection sounds once"


def test_what_an_agency_rejects_sounds_and_shows_which_report_it_is(here: Centre, siti: Page) -> None:
    told = {"source": "walk-in", "kind": "kebakaran", "priority": "P1"}
    number = siti.request.post(f"{here.address}/api/v1/reports", data=told).json()["number"]
    sending = f"{here.address}/api/v1/reports/{number}/dispatches"
    ((sent,),) = siti.request.post(sending, data={"agencies": ["damkar"]}).json().values()
    places, line, row = siti.evaluate(PLACES), siti.locator("#urgent"), siti.locator(f"#mine [data-number='{number}']")
    before = siti.locator("#number").inner_text()
    siti.locator(f"#newest [data-number='{number}']").click()
    expect(siti.locator("#number")).to_have_text(number)
    siti.locator(f"nav [data-number='{before}']").click()
    expect(siti.locator("#number")).to_have_text(before)
    other = siti.context.new_page()
    other.goto(f"{here.address}/papan")  # of what is overdue this page itself knows nothing
    other.locator("#sound").click()
    expect(siti.locator("#sound")).to_have_text("♪ Bunyi: dari tab lain")
    for page in (siti, other):
        page.evaluate(HEARD)
    said = {"answer": "rejected", "by": "Pak Contoh", "note": "semua unit keluar"}
    assert siti.request.post(f"{here.address}/api/v1/dispatches/{sent['id']}/answers", data=said).ok
    expect(line).to_contain_text(f"{number[-4:]} ✗ Pemadam Kebakaran menolak")
    assert siti.evaluate(PLACES) == places, "what is urgent moves what is below"
    assert not line.evaluate(CUT_OFF)
    expect(row).to_contain_text("belum ada gantinya")
    until(lambda: other.evaluate("tones").count(OVERDUE_HZ) == 3, "it sounds, though another report is in front")
    assert siti.evaluate("tones") == [], "two tabs sound"
    other.close()
    Keys(siti).push(line)
    expect(siti.locator("#number")).to_have_text(number)
    expect(siti.locator(f"nav [data-number='{number}']")).to_contain_text("▲")


def test_what_is_told_above_the_page_moves_nothing_in_it(siti: Page) -> None:
    def told(route: Route) -> None:
        said = route.fetch().json()
        checks = [one for one in said["checks"] if not one["name"].startswith("bridge")]
        checks.append({"name": "database", "ok": False, "message": "no answer"})  # now nobody knows of the services
        route.fulfill(json=said | {"checks": checks, "lacks": ["bridge", "control"], "version": "99.1"})

    services = siti.locator("#services li")
    expect(services.first).to_be_visible()
    places = siti.evaluate(PLACES)
    siti.route("**/readyz", told)
    expect(siti.locator("#newer")).to_contain_text("Server sudah versi 99.1")
    expect(siti.locator("#alarms")).to_contain_text("Pusat ini tidak tersambung ke PBX")
    expect(siti.locator("#queue-count")).to_have_text("?")
    expect(services).to_have_count(0)
    assert siti.evaluate(PLACES) == places, "services went, alarms came"
    siti.locator("#lacks summary").click()
    expect(siti.locator("#lacks")).to_contain_text("Panggilan tidak dapat diatur dari meja")
    siti.unroute("**/readyz")
    expect(siti.locator("#newer")).to_be_hidden()
    expect(services.first).to_be_visible()

    keys, failure = Keys(siti), siti.locator("#trouble li")
    siti.route(
        "**/api/v1/**", lambda route: route.fulfill(status=503) if route.request.method != "GET" else route.continue_()
    )
    keys.press("F10")
    expect(failure).to_contain_text("Tidak ada jawaban")
    keys.write(siti.get_by_label("Uraian"), "Pohon tumbang")
    expect(siti.locator("#unsaved")).to_be_visible()
    assert siti.evaluate(PLACES) == places, "what could not be done, and what is not saved, came"
    siti.unroute("**/api/v1/**")
    keys.push(failure.get_by_role("button"))
    expect(siti.locator("#field-narrative-mark")).to_contain_text("✓")
    assert siti.evaluate(PLACES) == places
