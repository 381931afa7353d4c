"""Terima laporan 112 / receive: receiver.py 8112  |  Jawab / answer: receiver.py accepted DISPATCH "Regu 1" """
import base64, contextlib, hmac, json, os, sqlite3, sys, time, urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# whsec_...; dua, dipisah spasi, saat diganti / two, with a space between, while it is being changed
KEYS = [base64.b64decode(secret.removeprefix("whsec_")) for secret in os.environ["WEBHOOK_SECRET"].split()]
INBOX = os.environ["INBOX"] or sys.exit("INBOX")

def inbox(sql, *values):
    with contextlib.closing(sqlite3.connect(INBOX)) as db, db:  # tersimpan di disk / on disk when this ends
        db.execute("CREATE TABLE IF NOT EXISTS inbox (id TEXT PRIMARY KEY, dispatch TEXT, body BLOB)")
        return db.execute(sql, values).fetchone()

def signed(headers, body):
    id, at, given = (headers.get(f"webhook-{name}", "") for name in ("id", "timestamp", "signature"))
    if not all(KEYS) or not at.isdecimal() or abs(time.time() - int(at)) > 300:
        return False
    good = [b"v1," + base64.b64encode(hmac.digest(key, f"{id}.{at}.".encode() + body, "sha256")) for key in KEYS]
    return any(hmac.compare_digest(one, token.encode()) for one in good for token in given.split(" "))

class Receiver(BaseHTTPRequestHandler):
    timeout = 10
    def do_POST(self):
        is_short = 0 <= (length := int(self.headers.get("Content-Length", 0))) <= 65536
        body = self.rfile.read(length if is_short else 0)  # byte apa adanya / as it came
        if is_ours := is_short and signed(self.headers, body):
            dispatch = json.loads(body)["data"].get("dispatch", {}).get("id")
            inbox("INSERT OR IGNORE INTO inbox VALUES (?, ?, ?)", self.headers["webhook-id"], dispatch, body)
        self.send_response(204 if is_ours else 401 if is_short else 413)
        self.end_headers()

if len(sys.argv) == 2:
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Receiver).serve_forever()

class Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_): """Token hanya ke pusat / the token goes to us alone."""
url = json.loads(inbox("SELECT body FROM inbox WHERE dispatch = ?", sys.argv[2])[0])["data"]["dispatch"]["answer_url"]
answer = json.dumps({"answer": sys.argv[1], "by": sys.argv[3], "sequence": int(time.time())}).encode()
headers = {"Authorization": f"Bearer {os.environ['TOKEN']}", "Content-Type": "application/json"}
print(urllib.request.build_opener(Stay).open(urllib.request.Request(url, answer, headers), timeout=10).read().decode())
