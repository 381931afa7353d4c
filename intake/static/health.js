// What is wrong with the machines, whatever has failed: /readyz of the server is asked every few seconds, for it answers
// without a database too. The live events alone cannot tell of a service that died, or of a database that saves nothing.
"use strict";

const STALE_S = 12;
const ASK_EVERY_MS = 5000;
const ANSWER_WITHIN_MS = 12000;
const CALL_BY_PHONE = "Panggilan tetap berdering di telepon: jawab di sana.";
const DOWN = { // checks of /readyz that failed, by the first word of their name
  server: `Server tidak menjawab. ${CALL_BY_PHONE}`,
  database: `Basis data tidak bekerja: panggilan baru tidak tampil di sini, tulisan tidak tersimpan. ${CALL_BY_PHONE} Semua muncul setelah pulih.`,
  schema: "Basis data dan program tidak satu versi.",
  bridge: `PBX tidak terdengar: panggilan baru tidak tampil di sini. ${CALL_BY_PHONE}`,
  routing: "Pengiriman ke instansi berhenti: hubungi instansi lewat telepon.",
};
const ALARMS = {
  tape_failed: "Rekaman isyarat PBX tidak dapat ditulis; panggilan tetap menjadi laporan.",
  tape_full: "Rekaman isyarat PBX hampir penuh, karena belum tersimpan di basis data.",
  clock: "Jam PBX dan jam server berbeda lebih dari satu detik.",
  control: "Panggilan tidak dapat diatur dari meja (memutus, mengalihkan, menelepon balik, anggota antrean): gunakan telepon.",
  trunk: "Jalur operator telepon terputus: tidak ada panggilan yang masuk lewat sana. Hubungi operator telepon.",
  trunk_unwatched: "PBX tidak memberi tahu apakah jalur operator telepon tersambung.",
  refused: "PBX menolak permintaan dari sebuah alamat: mungkin alamat baru operator telepon.",
  silence: "Sudah lama tidak ada panggilan masuk, lebih lama daripada biasanya: coba telepon 112 dari luar.",
  recordings: "Rekaman suara tidak dapat dipindahkan dari PBX dan masih tersimpan di sana.",
  recording_lost: "Sebuah panggilan dalam satu jam terakhir tidak terekam utuh: periksa disk PBX.",
  audit_head: "Tanda tangan jejak audit tidak dapat disimpan: periksa folder dan disknya.",
  logs: "Catatan PBX tidak terbaca: panggilan yang terlewat belum ditemukan.",
};
const BLIND = ["server", "database", "schema", "bridge"]; // without one of them nobody knows who is on the line
let asking = 0; // the timer of the next question
let blind = false;
let saidBefore = "";

async function askHealth() {
  clearTimeout(asking);
  let said = { checks: [{ name: "server", ok: false, message: "" }], alarms: [] };
  try {
    const answer = await fetch("/readyz", { cache: "no-store", signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
    said = await answer.json();
  } catch { /* it does not answer */ }
  clearTimeout(asking);
  asking = setTimeout(askHealth, ASK_EVERY_MS);
  const text = JSON.stringify([said.checks, said.alarms]);
  if (text === saidBefore) return; // what is read aloud is not read again
  saidBefore = text;
  const failed = said.checks.filter((check) => !check.ok).map((check) => check.name.split(":")[0]);
  blind = failed.some((name) => BLIND.includes(name));
  showAlarms(said);
  showCount();
  try {
    if (failed.some((name) => ["server", "database", "schema"].includes(name))) showServices([]); // nobody knows
    else showServices((await api("GET", "/state")).services);
  } catch { saidBefore = ""; } // asked again
}

function showAlarms({ checks, alarms }) {
  const of = (name) => name.split(":")[1] ? ` (${name.split(":")[1]})` : "";
  const lines = [
    ...checks.filter((check) => !check.ok).map((check) => ["bad", DOWN[check.name.split(":")[0]], check.name, check.message]),
    ...alarms.map((alarm) => ["", ALARMS[alarm.code], alarm.service, alarm.message]),
  ];
  $("alarms").replaceChildren(...lines.map(([className, words, name, message]) => {
    const item = el("li", "▲ " + (words || message) + (words ? of(name) : " " + name), className);
    item.title = message;
    return item;
  }));
  $("alarms").hidden = !lines.length;
}

function showServices(services) {
  $("services").replaceChildren(...services.map((service) => {
    const well = service.fresh && !["disconnected", "connecting"].includes(service.state);
    const item = el("li", (well ? "● " : "▲ ") + service.name + " " + (service.fresh ? service.state : "tidak terdengar"), well ? "" : "bad");
    item.title = service.detail;
    return item;
  }));
}

function showCount() {
  if (!heard) return; // nothing was read yet
  const calls = $("queue").childElementCount;
  $("queue-count").textContent = blind ? "?" : calls;
  $("queue-empty").textContent = blind ? "Tidak diketahui siapa yang menelepon: lihat peringatan di atas." : "Tidak ada panggilan.";
  $("queue-empty").hidden = calls > 0;
}

function showStale() {
  const silent = (performance.now() - heard) / 1000;
  $("stale").hidden = !heard || silent < STALE_S;
  if (!$("stale").hidden) $("stale").textContent = `▲ Data tidak diperbarui sejak ${timeOf.format(new Date(now() - silent * 1000))}. Panggilan tetap berdering di telepon.`;
}
