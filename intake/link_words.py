"""The words of the page by which a caller tells where they are, in Indonesian and English: the same names in both."""

from typing import Final

from intake.phone_words import Language, language

__all__ = ["WORDS", "Language", "language"]

WORDS: Final[dict[Language, dict[str, str]]] = {
    "id": {
        "sms": "112: buka tautan ini agar petugas tahu di mana Anda (berlaku {minutes} menit, sekali pakai): {url}",
        "other": "English",
        "title": "Di mana Anda?",
        "exercise": "LATIHAN: bukan kejadian nyata.",
        "why": "Petugas pusat panggilan darurat 112 yang menangani laporan Anda meminta posisi Anda.",
        "who": "Posisi hanya diberitahukan kepada petugas 112 dan instansi yang ditugaskan menolong, hanya untuk "
        "menemukan Anda. Tidak ada yang dikirim sebelum Anda menekan tombol.",
        "until": "Tautan ini berlaku sekali, sampai pukul {at}.",
        "tell": "Beri tahu posisi saya",
        "no_script": "Peramban ini tidak menjalankan skrip, jadi tidak dapat memberi tahu posisi sendiri. Tulis "
        "tempatnya "
        "di bawah.",
        "or": "Atau tulis tempatnya",
        "place": "Alamat, nama tempat, koordinat, atau kode plus",
        "send": "Kirim tempat ini",
        "looking": "Mencari posisi… ini dapat makan waktu setengah menit. Biarkan halaman ini terbuka.",
        "denied": "Izin lokasi ditolak. Belum ada yang dikirim. Izinkan lokasi untuk halaman ini di setelan "
        "peramban lalu "
        "tekan lagi, atau tulis tempatnya di bawah.",
        "unknown": "Ponsel ini tidak menemukan posisinya. Belum ada yang dikirim. Coba lagi di tempat terbuka, atau "
        "tulis "
        "tempatnya di bawah.",
        "insecure": "Peramban tidak memberi posisi pada halaman ini. Tulis tempatnya di bawah.",
        "nothing": "Belum ada yang dikirim: tekan tombol, atau tulis tempatnya.",
        "unfit": "Posisi dari peramban tidak terbaca. Belum ada yang dikirim. Tulis tempatnya.",
        "too_long": "Tulis paling banyak 500 huruf. Belum ada yang dikirim.",
        "done_title": "Terima kasih",
        "done": "Petugas 112 sudah menerima tempat Anda. Halaman ini boleh ditutup. Bila keadaan berubah, telepon 112.",
        "gone_title": "Tautan tidak berlaku",
        "gone": "Tautan ini tidak ada, sudah dipakai, atau sudah lewat waktunya. Bila Anda perlu pertolongan, "
        "telepon 112.",
        "slow_title": "Tunggu sebentar",
        "slow": "Terlalu banyak tautan yang salah dari sini. Coba lagi dalam {seconds} detik. Dalam bahaya, telepon "
        "112.",
        "away_title": "Belum dapat dikirim",
        "away": "Basis data tidak menjawab; tidak ada yang tercatat. Coba lagi sebentar lagi, atau telepon 112.",
        "foreign_title": "Tidak tercatat",
        "foreign": "Ini datang dari halaman lain, jadi tidak dicatat. Buka tautan dari 112 dan tekan tombol di sana.",
    },
    "en": {
        "sms": "112: open this link so that we know where you are (works once, for {minutes} minutes): {url}",
        "other": "Bahasa Indonesia",
        "title": "Where are you?",
        "exercise": "EXERCISE: no real incident.",
        "why": "The staff of the 112 emergency call centre who handle your report ask for your position.",
        "who": "Only the 112 staff and the agencies sent to help are told your position, only to find you. Nothing is "
        "sent before you press the button.",
        "until": "This link works once, until {at}.",
        "tell": "Tell my position",
        "no_script": "This browser runs no scripts, so it cannot tell its position. Write the place below.",
        "or": "Or write the place",
        "place": "Address, name of the place, coordinates, or plus code",
        "send": "Send this place",
        "looking": "Looking for your position… this can take half a minute. Keep this page open.",
        "denied": "Location was not allowed. Nothing was sent yet. Allow location for this page in the browser's "
        "settings "
        "and press again, or write the place below.",
        "unknown": "This phone does not find its position. Nothing was sent yet. Try again in the open, or write the "
        "place below.",
        "insecure": "The browser gives no position to this page. Write the place below.",
        "nothing": "Nothing was sent yet: press the button, or write the place.",
        "unfit": "The browser's position cannot be read. Nothing was sent yet. Write the place.",
        "too_long": "Write at most 500 characters. Nothing was sent yet.",
        "done_title": "Thank you",
        "done": "The 112 staff have received your place. You may close this page. If things change, call 112.",
        "gone_title": "This link does not work",
        "gone": "This link does not exist, was used, or has expired. If you need help, call 112.",
        "slow_title": "Wait a moment",
        "slow": "Too many wrong links from here. Try again in {seconds} seconds. In danger, call 112.",
        "away_title": "Cannot be sent yet",
        "away": "The database does not answer; nothing was recorded. Try again in a moment, or call 112.",
        "foreign_title": "Not recorded",
        "foreign": "This came from another page, so it was not recorded. Open the link from 112 and press the "
        "button there.",
    },
}
