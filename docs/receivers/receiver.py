"""Terima laporan 112 / receive: receiver.py 8112  |  Jawab / answer: receiver.py accepted DISPATCH "Regu 1" """
import base64, hmac, json, os, sqlite3, sys, time, urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# whsec_...; dua, dipisah spasi, saat diganti / two, with a space between, while it is being changed
KEYS = [base64.b64decode(secret.removeprefix("whsec_")) for secret in os.environ["WEBHOOK_SECRET"].split()]

def inbox(sql, *values):
    db = sqlite3.connect(os.environ["INBOX"])
    with db:  # tersimpan di disk / on disk when this ends
        db.execute("CREATE TABLE IF NOT EXISTS inbox (id TEXT PRIMARY KEY, dispatch TEXT, body BLOB)")
        found = db.execute(sql, values).fetchone()
    db.close()
    return found

def signed(headers, body):
    id, at, given = (headers.get(f"webhook-{name}", "") for name in ("id", "timestamp", "signature"))
    if not all(KEYS) or not at.isdecimal() or abs(time.time() - int(at)) > 300:
        return False
    good = [b"v1," + base64.b64encode(hmac.digest(key, f"{id}.{at}.".encode() + body, "sha256")) for key in KEYS]
    return any(hmac.compare_digest(one, token.encode()) for one in good for token in given.split(" "))

class Receiver(BaseHTTPRequestHandler):
    timeout = 10
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))  # byte apa adanya / as it came
        if is_ours := signed(self.headers, body):
            dispatch = json.loads(body)["data"].get("dispatch", {}).get("id")
            inbox("INSERT OR IGNORE INTO inbox VALUES (?, ?, ?)", self.headers["webhook-id"], dispatch, body)
        self.send_response(204 if is_ours else 401)
        self.end_headers()

if len(sys.argv) == 2:
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Receiver).serve_forever()
(body,) = inbox("SELECT body FROM inbox WHERE dispatch = ?", sys.argv[2])
answer = {"answer": sys.argv[1], "by": sys.argv[3], "sequence": int(time.time())}
headers = {"Authorization": f"Bearer {os.environ['TOKEN']}", "Content-Type": "application/json"}
url = json.loads(body)["data"]["dispatch"]["answer_url"]
request = urllib.request.Request(url, json.dumps(answer).encode(), headers)
print(urllib.request.urlopen(request, timeout=10).read().decode())
