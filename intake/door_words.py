"""The words of the log-in and of the page shown while the database is away, in Indonesian and English alike."""

from typing import Final

from intake.phone_words import Language

WORDS: Final[dict[Language, dict[str, str]]] = {
    "id": {
        "other": "English",
        "title": "Masuk",
        "centre": "Pusat Panggilan Darurat",
        "name": "Nama",
        "password": "Kata sandi",
        "enter": "Masuk",
        "needs_tls": "Peramban hanya menyimpan tanda masuk melalui HTTPS, atau di komputer server sendiri. Buka alamat "
        "https:// pusat ini; administrator memasangnya dengan server web (contoh di folder ops).",
        "wrong": "Nama atau kata sandi salah. Coba lagi, atau minta kata sandi baru kepada administrator.",
        "away": "Basis data tidak menjawab, jadi tidak ada yang dapat masuk sekarang. Panggilan tetap berdering di "
        "telepon. Coba lagi sebentar lagi.",
        "wait": "Terlalu banyak percobaan yang salah. Tunggu {seconds} detik, lalu coba lagi.",
        "line": "Terlalu banyak yang masuk sekaligus dari peramban yang belum dikenal. Tunggu {seconds} detik, lalu "
        "coba lagi.",
        "waiting_title": "Menunggu basis data",
        "waiting": "Basis data tidak menjawab.",
        "meanwhile": "Panggilan tetap berdering di telepon: jawab di sana. Semua panggilan dicatat dan muncul di sini "
        "setelah pulih.",
        "again": "Halaman ini mencoba lagi sendiri.",
    },
    "en": {
        "other": "Bahasa Indonesia",
        "title": "Log in",
        "centre": "Emergency call centre",
        "name": "Name",
        "password": "Password",
        "enter": "Log in",
        "needs_tls": "Browsers keep a log-in only over HTTPS, or on the server's own machine. Open this centre's "
        "https:// address; an administrator sets it up with a web server (examples in the folder ops).",
        "wrong": "Name or password is wrong. Try again, or ask an administrator for a new password.",
        "away": "The database does not answer, so nobody can log in now. Calls still ring at the telephones. Try again "
        "in a moment.",
        "wait": "Too many wrong tries. Wait {seconds} seconds, then try again.",
        "line": "Too many browsers that nobody knows log in at once. Wait {seconds} seconds, then try again.",
        "waiting_title": "Waiting for the database",
        "waiting": "The database does not answer.",
        "meanwhile": "Calls still ring at the telephones: answer them there. All calls are kept and appear here "
        "when it is back.",
        "again": "This page tries again by itself.",
    },
}
