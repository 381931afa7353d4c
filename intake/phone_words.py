"""The phone page's words, in Indonesian and English: the same names in both, which a test holds."""

import re
from datetime import timedelta
from typing import Final, Literal

Language = Literal["id", "en"]

WORDS: Final[dict[Language, dict[str, str]]] = {
    "id": {
        "title": "Laporan 112",
        "for": "untuk",
        "as_of": "Keadaan per",
        "reload": "Muat ulang",
        "other": "English",
        "exercise": "LATIHAN: bukan kejadian nyata.",
        "go_answer": "Jawab di bawah",
        "answer_by": "Jawab sebelum {at} (tinggal {left}).",
        "late": "Batas jawab {at} sudah lewat {past}. Jawab sekarang.",
        "awaited": "Pusat menunggu kabar Anda: terakhir terdengar {past} lalu.",
        "state": "Penugasan",
        "by": "oleh",
        "state_queued": "belum dijawab",
        "state_sent": "belum dijawab",
        "state_delivered": "belum dijawab",
        "state_accepted": "diterima",
        "state_rejected": "ditolak",
        "state_en_route": "menuju lokasi",
        "state_on_scene": "di lokasi",
        "state_resolved": "selesai",
        "state_cancelled": "dibatalkan",
        "state_merged": "digabung",
        "over_rejected": "Instansi Anda menolak laporan ini. Tidak ada lagi yang perlu dilakukan.",
        "over_cancelled": "Penugasan ini dibatalkan. Jangan berangkat; yang sudah berangkat boleh kembali.",
        "over_merged": "Tetap jalan: kejadian ini ada pada Anda dengan laporan {report}. Lihat dan jawab di sana.",
        "over_resolved": "Anda menyatakan laporan ini selesai. Terima kasih.",
        "over_closed": "Laporan ini sudah ditutup oleh pusat. Tidak ada lagi yang perlu dilakukan.",
        "kind": "Jenis",
        "no_kind": "belum ditentukan",
        "flags": "Perhatian",
        "flag_hurt": "ada korban luka",
        "flag_trapped": "ada yang terjebak",
        "flag_fire_spreading": "api merambat",
        "flag_weapon": "ada senjata",
        "flag_child": "ada anak",
        "flag_no_road": "pulau tanpa jalan",
        "priority": "Prioritas",
        "place": "Lokasi",
        "no_place": "belum diketahui",
        "map": "Buka peta",
        "caller": "Penelepon",
        "no_number": "tanpa nomor",
        "withheld": "Nomor dan nama ada pada pusat 112 dan tidak diteruskan. Bila perlu, hubungi pusat.",
        "call": "Telepon",
        "narrative": "Uraian",
        "entries": "Catatan",
        "opened": "Dibuka",
        "answer": "Jawaban Anda",
        "name": "Nama Anda",
        "note": "Keterangan (boleh kosong)",
        "reject": "Tidak dapat menangani?",
        "reason": "Alasan menolak",
        "final": "Setelah ditolak, laporan diteruskan ke instansi lain dan halaman ini tidak dapat dipakai lagi.",
        "do_accepted": "Terima",
        "do_rejected": "Tolak laporan",
        "do_en_route": "Berangkat",
        "do_on_scene": "Tiba di lokasi",
        "do_resolved": "Selesai ditangani",
        "said": "Yang sudah dijawab",
        "said_accepted": "menerima",
        "said_rejected": "menolak",
        "said_en_route": "berangkat",
        "said_on_scene": "tiba di lokasi",
        "said_resolved": "selesai",
        "by_telephone": "lewat telepon",
        "changed_nothing": "tidak mengubah apa pun",
        "booked": "Tercatat {at}: {said}.",
        "not_booked": "Jawaban “{said}” disimpan, tetapi tidak mengubah apa pun: terlambat, atau sudah tercatat "
        "sebelumnya. Keadaan sekarang: {state}.",
        "needs_name": "Tulis nama Anda, lalu tekan lagi. Belum ada yang tercatat.",
        "needs_reason": "Tulis alasan menolak, lalu tekan lagi. Belum ada yang tercatat.",
        "too_long": "Nama paling panjang 160 huruf dan keterangan 4000 huruf. Belum ada yang tercatat.",
        "no_answer": "Pilih salah satu tombol. Belum ada yang tercatat.",
        "not_now": "Jawaban ini tidak dicatat: tidak sesuai dengan keadaan penugasan sekarang, yang tertulis di bawah. "
        "Bila perlu, telepon pusat 112.",
        "photo": "Foto",
        "photo_file": "Foto (JPEG, PNG, atau WebP, paling besar {mb} MB)",
        "photo_pick": "Pilih foto",
        "photo_seen": "Hanya petugas pusat 112 yang melihatnya. Foto dari HP dapat memuat tempat pengambilannya.",
        "photo_send": "Kirim foto",
        "photos_sent": "{n} foto tersimpan di pusat.",
        "photo_kept": "Foto tersimpan.",
        "photo_none": "Pilih foto dulu, lalu tekan lagi. Belum ada yang terkirim.",
        "not_a_photo": "Berkas itu bukan foto JPEG, PNG, atau WebP, jadi tidak disimpan. Pilih foto lain, atau ambil "
        "foto dengan kamera HP.",
        "photo_too_large": "Foto itu lebih besar dari {mb} MB, jadi tidak disimpan. Perkecil fotonya, atau ambil ulang "
        "dengan ukuran lebih kecil, lalu kirim lagi.",
        "photo_cut": "Foto tidak sampai utuh, jadi tidak disimpan. Kirim sekali lagi.",
        "photo_not_now": "Foto itu tidak disimpan: foto dapat dikirim sejak laporan diterima sampai sehari setelah "
        "selesai. Bila perlu, telepon pusat 112.",
        "too_many_photos": "Foto itu tidak disimpan: sudah ada {most} foto, dan lebih dari itu tidak diterima. "
        "Ceritakan selebihnya lewat telepon ke pusat 112.",
        "photo_not_kept": "Foto itu tidak dapat disimpan di pusat sekarang. Coba lagi nanti; jawaban Anda tetap "
        "tercatat.",
        "gone_title": "Halaman tidak ada",
        "gone": "Tautan ini tidak ada atau tidak berlaku lagi. Hubungi pusat 112 bila masih diperlukan.",
        "slow_title": "Tunggu sebentar",
        "slow": "Terlalu banyak tautan yang salah dari sini. Coba lagi dalam {seconds} detik.",
        "away_title": "Belum dapat dibuka",
        "away": "Basis data tidak menjawab; tidak ada yang tercatat. Coba lagi sebentar lagi, atau telepon pusat 112.",
        "foreign_title": "Tidak tercatat",
        "foreign": "Jawaban ini datang dari halaman lain, jadi tidak dicatat. Buka tautan dari pusat 112 dan jawab "
        "di sana.",
        "seconds": "{n} dtk",
        "minutes": "{n} menit",
        "hours": "{n} jam {m} menit",
        "days": "{n} hari",
    },
    "en": {
        "title": "112 report",
        "for": "for",
        "as_of": "As of",
        "reload": "Reload",
        "other": "Bahasa Indonesia",
        "exercise": "EXERCISE: no real incident.",
        "go_answer": "Answer below",
        "answer_by": "Answer before {at} ({left} left).",
        "late": "The deadline {at} passed {past} ago. Answer now.",
        "awaited": "The centre is waiting to hear from you: last heard {past} ago.",
        "state": "Dispatch",
        "by": "by",
        "state_queued": "not answered",
        "state_sent": "not answered",
        "state_delivered": "not answered",
        "state_accepted": "accepted",
        "state_rejected": "rejected",
        "state_en_route": "en route",
        "state_on_scene": "on scene",
        "state_resolved": "resolved",
        "state_cancelled": "cancelled",
        "state_merged": "merged",
        "over_rejected": "Your agency rejected this report. There is nothing more to do.",
        "over_cancelled": "This dispatch was cancelled. Do not set out; whoever has may turn back.",
        "over_merged": "Keep going: you have this incident as report {report}. Look and answer there.",
        "over_resolved": "You said that this report is resolved. Thank you.",
        "over_closed": "The centre has closed this report. There is nothing more to do.",
        "kind": "Kind",
        "no_kind": "not known yet",
        "flags": "Mind",
        "flag_hurt": "people hurt",
        "flag_trapped": "people trapped",
        "flag_fire_spreading": "fire spreading",
        "flag_weapon": "weapon",
        "flag_child": "child",
        "flag_no_road": "island without a road",
        "priority": "Priority",
        "place": "Place",
        "no_place": "not known yet",
        "map": "Open map",
        "caller": "Caller",
        "no_number": "no number",
        "withheld": "The 112 centre has number and name and does not pass them on. If you need them, call the centre.",
        "call": "Call",
        "narrative": "What happened",
        "entries": "Notes",
        "opened": "Opened",
        "answer": "Your answer",
        "name": "Your name",
        "note": "Note (may be empty)",
        "reject": "Cannot take it?",
        "reason": "Reason for rejecting",
        "final": "Once rejected, the report goes to another agency and this page cannot be used any more.",
        "do_accepted": "Accept",
        "do_rejected": "Reject the report",
        "do_en_route": "Set out",
        "do_on_scene": "On scene",
        "do_resolved": "Resolved",
        "said": "What was answered",
        "said_accepted": "accepted",
        "said_rejected": "rejected",
        "said_en_route": "en route",
        "said_on_scene": "on scene",
        "said_resolved": "resolved",
        "by_telephone": "by telephone",
        "changed_nothing": "changed nothing",
        "booked": "Recorded at {at}: {said}.",
        "not_booked": "The answer “{said}” was kept but changed nothing: it was late, or recorded before. "
        "The present state: {state}.",
        "needs_name": "Write your name, then press again. Nothing was recorded yet.",
        "needs_reason": "Write the reason for rejecting, then press again. Nothing was recorded yet.",
        "too_long": "A name has at most 160 characters, a note 4000. Nothing was recorded yet.",
        "no_answer": "Press one of the buttons. Nothing was recorded yet.",
        "not_now": "This answer was not recorded: it does not fit the present state of the dispatch, which is shown "
        "below. Call the 112 centre if need be.",
        "photo": "Photo",
        "photo_file": "Photo (JPEG, PNG or WebP, {mb} MB at most)",
        "photo_pick": "Choose photo",
        "photo_seen": "Only staff of the 112 centre see it. A phone's photo may say where it was taken.",
        "photo_send": "Send the photo",
        "photos_sent": "{n} photos are kept at the centre.",
        "photo_kept": "The photo is kept.",
        "photo_none": "Choose a photo first, then press again. Nothing was sent yet.",
        "not_a_photo": "That file is no photo in JPEG, PNG or WebP, so it was not kept. Choose another one, or "
        "take one with the phone's camera.",
        "photo_too_large": "That photo is larger than {mb} MB, so it was not kept. Make it smaller, or take it again "
        "in a smaller size, then send it again.",
        "photo_cut": "The photo did not arrive whole, so it was not kept. Send it once more.",
        "photo_not_now": "That photo was not kept: photos can be sent from when the report was accepted until a day "
        "after it ended. Call the 112 centre if need be.",
        "too_many_photos": "That photo was not kept: there are {most} photos already, and more are not taken. Tell the "
        "112 centre the rest by telephone.",
        "photo_not_kept": "The centre cannot keep that photo now. Try again later; your answers stay recorded.",
        "gone_title": "No such page",
        "gone": "This link does not exist or is no longer valid. Call the 112 centre if it is still needed.",
        "slow_title": "Wait a moment",
        "slow": "Too many wrong links from here. Try again in {seconds} seconds.",
        "away_title": "Cannot be opened yet",
        "away": "The database does not answer; nothing was recorded. Try again in a moment, or call the 112 centre.",
        "foreign_title": "Not recorded",
        "foreign": "This answer came from another page, so it was not recorded. Open the link that the 112 centre sent "
        "and answer there.",
        "seconds": "{n} s",
        "minutes": "{n} min",
        "hours": "{n} h {m} min",
        "days": "{n} days",
    },
}


def language(asked: str | None, accepted: str | None) -> Language:
    """Return the language of `?lang=`, else the one Accept-Language likes better, else Indonesian."""
    if asked in ("id", "en"):
        return "en" if asked == "en" else "id"
    liked: dict[str, float] = {}
    for part in (accepted or "")[:500].split(","):
        found = re.fullmatch(r"\s*(id|en)(?:-[\w-]*)?\s*(?:;\s*q=([01](?:\.\d{0,3})?))?\s*", part, re.ASCII | re.I)
        if found:
            code = found[1].lower()
            liked[code] = max(liked.get(code, 0.0), float(found[2] or 1))
    return "en" if liked.get("en", 0.0) > liked.get("id", 0.0) else "id"


def lasting(time: timedelta, words: dict[str, str]) -> str:
    """Return how long a time is, as people say it; one below zero is none."""
    seconds = max(0, int(time.total_seconds()))
    if seconds < 120:
        return words["seconds"].format(n=seconds)
    minutes = seconds // 60
    if minutes < 60:
        return words["minutes"].format(n=minutes)
    if minutes < 48 * 60:
        return words["hours"].format(n=minutes // 60, m=minutes % 60)
    return words["days"].format(n=minutes // (24 * 60))
