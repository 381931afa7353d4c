<?php // Terima / receive: php -S 127.0.0.1:8112 receiver.php | Jawab / answer: receiver.php accepted DISPATCH "Regu 1"
ini_set("display_errors", 0); // ke log / to the log, and PHP says 500
http_response_code(500); // sampai tersimpan, kami belum menerimanya / until it is saved we do not have it
$db = new PDO("sqlite:" . (getenv("INBOX") ?: throw new Exception("INBOX")));
$db->exec("CREATE TABLE IF NOT EXISTS inbox (id TEXT PRIMARY KEY, dispatch TEXT, body TEXT)");

function signed(string $body): bool {
    [$id, $at, $given] = array_map(fn($name) => $_SERVER["HTTP_WEBHOOK_$name"] ?? "", ["ID", "TIMESTAMP", "SIGNATURE"]);
    if (!ctype_digit($at) || abs(time() - (int) $at) > 300) {
        return false;
    }
    foreach (explode(" ", getenv("WEBHOOK_SECRET")) as $secret) { // dua saat diganti / two while it is being changed
        $key = base64_decode(substr($secret, strlen("whsec_"))) ?: throw new Exception("WEBHOOK_SECRET");
        $good = "v1," . base64_encode(hash_hmac("sha256", "$id.$at.$body", $key, true));
        if (array_filter(explode(" ", $given), fn($token) => hash_equals($good, $token))) {
            return true;
        }
    }
    return false;
}

if (PHP_SAPI !== "cli") {
    $body = file_get_contents("php://input"); // byte apa adanya / as it came
    if ($ours = signed($body)) {
        $dispatch = json_decode($body, true)["data"]["dispatch"]["id"] ?? null;
        $insert = $db->prepare("INSERT OR IGNORE INTO inbox VALUES (?, ?, ?)");
        $insert->execute([$_SERVER["HTTP_WEBHOOK_ID"], $dispatch, $body]); // tersimpan di disk / on disk
    }
    http_response_code($ours ? 204 : 401);
    exit();
}
$found = $db->prepare("SELECT body FROM inbox WHERE dispatch = ?");
$found->execute([$argv[2]]);
$url = json_decode($found->fetchColumn(), true)["data"]["dispatch"]["answer_url"];
$answer = json_encode(["answer" => $argv[1], "by" => $argv[3], "sequence" => time()]);
$header = ["Authorization: Bearer " . getenv("TOKEN"), "Content-Type: application/json"];
$http = ["method" => "POST", "header" => $header, "content" => $answer, "timeout" => 10];
$http += ["follow_location" => 0, "ignore_errors" => true]; // token hanya ke pusat / the token goes to us alone
echo stream_get_contents($said = fopen($url, "r", false, stream_context_create(["http" => $http]))), "\n";
exit(preg_match("#^\S+ 200#", stream_get_meta_data($said)["wrapper_data"][0]) ? 0 : 1);
