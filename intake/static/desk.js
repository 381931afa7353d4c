// The plain page of the desk: a snapshot, then events that say what changed; contents come by the ordinary API.
// What people wrote goes into the page as text only. What is being typed is never overwritten.
"use strict";

const STAGES = { arrived: "masuk", queued: "menunggu", overflow: "menu suara", talking: "berbicara", held: "ditahan", transferred: "dialihkan", ended: "selesai" };
const WAITING = ["arrived", "queued", "overflow"]; // for a human; whoever has one talks, on hold or passed on
const STATUSES = { open: "○ baru", working: "◐ dikerjakan", dispatched: "➤ dikirim", resolved: "✓ selesai di lapangan", closed: "■ ditutup", reopened: "↻ dibuka lagi" };
const OUTCOMES = { answered: "dijawab", abandoned: "ditinggalkan penelepon", overflow: "hanya menu suara", failed: "terputus" };
const STATES = { queued: "… dalam antrean kirim", sent: "… dikirim", delivered: "▷ sampai, belum diterima", accepted: "✓ diterima", rejected: "✗ ditolak", en_route: "➤ berangkat", on_scene: "● di lokasi", resolved: "✓ selesai", cancelled: "– dibatalkan" };
const STEPS = { work: "Kerjakan", resolve: "Selesai di lapangan", close: "Tutup", reopen: "Buka lagi" };
const FLAGS = { hurt: "Korban luka", trapped: "Terjebak", fire_spreading: "Api merambat", weapon: "Senjata", child: "Anak", no_road: "Pulau tanpa jalan" };
const AFTER = new Map([[null, true], [true, false], [false, null]]); // unknown, yes, no, and again
const BY_STATUS = { work: "working", resolve: "resolved" };
const NEWEST = 50;

const $ = (id) => document.getElementById(id);
const reports = new Map(); // number -> report as last read
const loading = new Map(); // number -> whether to read it once more
let selected = null;
let offset = 0; // server's clock minus ours, ms
let heard = 0; // when the server last spoke, by our monotonic clock
let source = null;
let beginning = 0; // the timer of the next snapshot
let kinds = [];
let dispositions = [];
let agencies = [];

function el(tag, text, className) {
  const made = document.createElement(tag);
  if (text !== undefined && text !== null) made.textContent = text;
  if (className) made.className = className;
  return made;
}

const zone = document.body.dataset.timezone;
const format = (options) => new Intl.DateTimeFormat("id-ID", { timeZone: zone, hourCycle: "h23", ...options });
const timeOf = format({ hour: "2-digit", minute: "2-digit", second: "2-digit" });
const dayOf = format({ day: "2-digit", month: "short", hour: "2-digit", minute: "2-digit" });
const clock = (at) => (at ? timeOf.format(new Date(at)) : "–");
const now = () => Date.now() + offset;
const waits = (report) => WAITING.includes(report.call.stage);
const callerOf = (report) => report.caller.number || report.caller_typed || report.caller.number_raw || "tanpa nomor";

async function api(method, path, body, headers) {
  const options = { method, headers: { ...headers }, cache: "no-store" };
  if (body !== undefined) {
    options.headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(body);
  }
  const answer = await fetch("/api/v1" + path, options);
  if (answer.status === 401) location.assign("/masuk");
  const data = await answer.json();
  if (!answer.ok) throw Object.assign(new Error(data.message || answer.statusText), { status: answer.status, data });
  return data;
}

function trouble(error) {
  const words = error && (error.status === 503 ? "Basis data tidak menyimpan: yang baru Anda tulis belum tersimpan. Coba lagi sebentar lagi." : error.message);
  $("trouble").textContent = error ? "▲ " + words : "";
  $("trouble").hidden = !error;
}

function spoke(serverTime) {
  heard = performance.now();
  offset = Date.parse(serverTime) - Date.now();
}

// -- what comes from the server --------------------------------------------------------------------------------------

async function start() {
  const state = await api("GET", "/state");
  spoke(state.now);
  reports.clear();
  for (const report of [...state.reports, ...state.calls]) reports.set(report.number, report);
  showServices(state.services);
  showLists();
  if (selected) await load(selected);
  listen(state.seq);
}

function listen(seq) {
  if (source) source.close();
  source = new EventSource("/api/v1/live?after=" + seq);
  source.addEventListener("report", (event) => load(JSON.parse(event.data).subject).catch(again)); // else it stays old
  source.addEventListener("service", () => askHealth());
  source.addEventListener("agency", (event) => agencyChanged(JSON.parse(event.data).subject).catch(again));
  source.addEventListener("heartbeat", (event) => spoke(JSON.parse(event.data).at));
  source.addEventListener("reset", begin);
  source.onerror = () => { if (source.readyState === EventSource.CLOSED) again(); };
}

function begin() {
  if (source) source.close();
  start().then(() => trouble(null), again);
}

function again(error) {
  if (error && error.status !== 503) trouble(error); // that one the alarms tell
  clearTimeout(beginning);
  beginning = setTimeout(begin, 2000);
}

async function load(number) {
  if (loading.has(number)) { loading.set(number, true); return; }
  do {
    loading.set(number, false);
    try {
      const report = await api("GET", "/reports/" + number);
      const known = reports.get(number);
      if (!known || known.version <= report.version) reports.set(number, report);
    } catch (error) {
      loading.delete(number);
      throw error;
    }
  } while (loading.get(number));
  loading.delete(number);
  showLists();
  if (number === selected) showReport();
}

async function agencyChanged(code) { // its back-off or its pause: no report has a new version for that
  askHealth();
  ({ agencies } = await api("GET", "/agencies")); // it may be disabled now
  const waits = (one) => one.agency === code && (one.agency_disabled || ["pending", "failing", "paused"].includes(one.delivery?.state));
  for (const report of [...reports.values()]) if (report.dispatches.some(waits)) await load(report.number);
  if (selected) await showProposals();
}

// -- the left side ---------------------------------------------------------------------------------------------------

function pick(number, parts, className) {
  const item = el("li", null, className);
  const button = el("button");
  button.type = "button";
  button.dataset.number = number;
  button.setAttribute("aria-current", String(number === selected));
  button.append(...parts);
  item.append(button);
  return item;
}

function keepFocus(list, items) {
  const focused = list.contains(document.activeElement) ? document.activeElement.dataset.number : null;
  list.replaceChildren(...items);
  if (focused) list.querySelector(`[data-number="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
}

function showLists() {
  const all = [...reports.values()];
  const calls = all.filter((report) => report.call && report.call.stage !== "ended")
    .sort((a, b) => waits(b) - waits(a) || a.call.arrived_at.localeCompare(b.call.arrived_at));
  keepFocus($("queue"), calls.map((report) => {
    const seconds = el("span", "", "seconds");
    seconds.dataset.since = waits(report) ? report.call.arrived_at : report.call.answered_at || "";
    return pick(report.number, [
      el("span", callerOf(report), "number"), seconds,
      el("span", [report.caller.name, STAGES[report.call.stage], answeredBy(report.call)].filter(Boolean).join(" · "), "stage"),
    ], waits(report) ? report.call.stage : "talking");
  }));
  showCount();
  const newest = all.sort((a, b) => b.opened_at.localeCompare(a.opened_at) || b.number.localeCompare(a.number)).slice(0, NEWEST);
  for (const report of all.slice(4 * NEWEST)) reports.delete(report.number);
  keepFocus($("newest"), newest.map((report) => pick(report.number, [
    el("b", report.number.slice(-4) + "  " + (kindName(report.kind) || callerOf(report))),
    el("span", report.priority || "", report.priority || ""),
    el("span", [dayOf.format(new Date(report.opened_at)), report.kind ? callerOf(report) : report.caller.name].filter(Boolean).join(" · ")),
    el("span", (report.exercise ? "LATIHAN · " : "") + STATUSES[report.status]),
  ])));
  tick();
}

// Who answered first; whoever talks now, after a transfer, is among the report's legs.
const answeredBy = ({ operator }) => operator && "dijawab " + (operator.user || operator.member || operator.device);
const kindName = (code) => kinds.find((kind) => kind.code === code)?.name.id || code;

function tick() {
  $("clock").textContent = timeOf.format(new Date(now()));
  for (const span of document.querySelectorAll("[data-since]")) {
    if (!span.dataset.since) { span.textContent = ""; continue; }
    const seconds = Math.max(0, Math.floor((now() - Date.parse(span.dataset.since)) / 1000));
    const item = span.closest("li");
    const waits = item && !item.classList.contains("talking");
    span.textContent = (waits && seconds > 10 ? (seconds > 20 ? "▲▲ " : "▲ ") : "") + seconds + " dtk";
    item?.classList.toggle("late", waits && seconds > 10 && seconds <= 20);
    item?.classList.toggle("very-late", waits && seconds > 20);
  }
  for (const span of document.querySelectorAll("[data-until]")) {
    const left = Math.round((Date.parse(span.dataset.until) - now()) / 1000);
    span.textContent = left >= 0 ? `terima dalam ${left} dtk` : `▲ terlambat ${-left} dtk`;
    span.closest("li").classList.toggle("late", left < 0);
  }
  showStale();
}

// -- the report ------------------------------------------------------------------------------------------------------

async function select(number) {
  selected = number;
  $("entry").value = "";
  $("disposition").value = $("told").value = "";
  for (const input of document.querySelectorAll("[data-leaf]")) { input.className = ""; delete input.dataset.typed; }
  $("nothing").hidden = true;
  await load(number);
  $("report").hidden = false;
  if (matchMedia("(max-width: 900px)").matches) $("report").scrollIntoView(); // there it is below the lists
  await showProposals();
}

function showReport() {
  const report = reports.get(selected);
  if (!report || !report.entries) return;
  $("number").textContent = report.number;
  $("status").textContent = (report.exercise ? "LATIHAN · " : "") + STATUSES[report.status];
  $("opened").textContent = "dibuka " + dayOf.format(new Date(report.opened_at)) + " · " + report.source;
  $("caller-number").textContent = callerOf(report);
  $("caller-name").textContent = report.caller.name || "";
  $("caller-note").textContent = [
    report.caller.number ? "" : "tidak dapat ditelepon balik: minta nomor",
    report.caller.withheld ? "nomor disembunyikan" : "",
  ].filter(Boolean).join(" · ");
  showCall(report.call);
  for (const input of document.querySelectorAll("[data-leaf]")) {
    const value = leafOf(report, input.dataset.leaf);
    if (input !== document.activeElement && !input.dataset.typed) input.value = value ?? "";
  }
  showEntries(report.entries);
  showDispatches(report.dispatches);
  showFlags(report.flags);
  showSteps(report);
}

function showFlags(flags) {
  $("flags").replaceChildren(...Object.keys(FLAGS).map((flag) => {
    const value = flags[flag];
    const button = el("button", (value ? "▲ " : "") + FLAGS[flag] + ": " + (value === null ? "–" : value ? "ya" : "tidak"));
    button.type = "button";
    button.addEventListener("click", () => change({ flags: { [flag]: AFTER.get(value) } }).then(() => trouble(null), trouble));
    return button;
  }));
}

function showSteps(report) {
  const fit = dispositions.filter((one) => !one.disabled && one.code !== "not_ours" && one.classes.includes(report.class));
  const chosen = fit.find((one) => one.code === ($("disposition").value || report.disposition)) || (report.class !== "normal" && fit[0]);
  $("disposition").replaceChildren(new Option("–", ""), ...fit.map((one) => new Option(one.name.id, one.code)));
  $("disposition").value = chosen ? chosen.code : "";
  $("ending").hidden = !report.steps.includes("close");
  $("steps").replaceChildren(...report.steps.filter((step) => STEPS[step]).map((step) => {
    const button = el("button", STEPS[step]);
    button.type = "button";
    button.addEventListener("click", () => takeStep(step).then(() => trouble(null), trouble));
    return button;
  }));
}

const leafOf = (report, leaf) => leaf.split(".").reduce((value, name) => value?.[name], report);

const LEGS = { queue: "antrean ", overflow: "suara: ", callback: "telepon balik ", agency: "instansi " };
const FAULTS = { missing: "tidak ada", short: "tidak utuh", unreadable: "tidak terbaca" };

function lengthOf(kept) {
  if (!kept) return "–";
  const length = kept.seconds === null ? "" : kept.seconds.toFixed(0) + " dtk";
  return [length, FAULTS[kept.fault]].filter(Boolean).join(", ") || "–";
}

function showCall(call) {
  $("legs").hidden = !call || !call.legs.length;
  if (!call) { $("call").replaceChildren(); return; }
  const rows = [
    ["Panggilan", STAGES[call.stage] + (call.outcome ? ", " + OUTCOMES[call.outcome] : "") + (call.recovered ? " (dari catatan PBX)" : "")],
    ["Masuk", clock(call.arrived_at)], ["Antre", clock(call.queued_at)], ["Dijawab", clock(call.answered_at)], ["Selesai", clock(call.ended_at)],
    ["Menunggu", call.waited_s === null ? "–" : call.waited_s.toFixed(1) + " dtk"],
    ["Dijawab oleh", call.operator ? call.operator.user || call.operator.member || call.operator.device : "–"],
    ["Trunk", call.trunk || "–"],
    ["Rekaman", lengthOf(call.recording)],
  ];
  if (call.message) rows.push(["Pesan suara", lengthOf(call.message)]);
  if (call.call_back_owed) rows.push(["Telepon balik", "▲ dijanjikan, belum dilakukan"]);
  $("call").replaceChildren(...rows.map(([name, value]) => {
    const pair = el("div");
    pair.append(el("dt", name), el("dd", value));
    return pair;
  }));
  $("legs").tBodies[0].replaceChildren(...call.legs.map((leg) => {
    const row = el("tr");
    const name = (LEGS[leg.kind] || "") + (leg.member || leg.device || "");
    for (const value of [name, clock(leg.from), clock(leg.answered_at), clock(leg.to), leg.cause || ""]) row.append(el("td", value));
    return row;
  }));
}

function showEntries(entries) {
  const list = $("entries");
  const atEnd = list.scrollTop + list.clientHeight >= list.scrollHeight - 4;
  list.replaceChildren(...entries.map((entry) => {
    const item = el("li", null, (entry.automatic ? "automatic " : "") + (entry.struck_at ? "struck" : ""));
    const words = el("span", entry.text, "words");
    const side = el("span", entry.struck_at ? "dicoret " + (entry.struck_by || "") : entry.author, "author");
    if (!entry.automatic && !entry.struck_at) {
      const strike = el("button", "coret");
      strike.type = "button";
      strike.addEventListener("click", () => api("POST", `/reports/${selected}/entries/${entry.id}/strike`, {}).catch(trouble));
      side.append(" ", strike);
    }
    item.append(el("time", clock(entry.at)), words, side);
    return item;
  }));
  if (atEnd) list.scrollTop = list.scrollHeight;
}

function showDispatches(dispatches) {
  $("dispatches").replaceChildren(...dispatches.map((dispatch) => {
    const waiting = ["queued", "sent", "delivered"].includes(dispatch.state);
    const item = el("li", null, waiting ? "waiting" : dispatch.state === "rejected" ? "late" : "done");
    item.append(el("b", agencyName(dispatch.agency)), el("span", STATES[dispatch.state] + " · "));
    if (waiting) {
      const until = el("span");
      until.dataset.until = dispatch.accept_by;
      item.append(until);
      if (dispatch.escalation) item.append(el("span", ` · ▲ eskalasi ${dispatch.escalation}`));
    } else {
      if (dispatch.asked && ["accepted", "en_route", "on_scene"].includes(dispatch.state)) item.append(el("b", `▲ diam sejak ${clock(dispatch.heard_at)}: tanyakan · `));
      item.append(el("span", [clock(dispatch[dispatch.state + "_at"]), dispatch.answered_by, dispatch.cancel_reason || dispatch.note].filter(Boolean).join(" · "), "quiet"));
    }
    const { state, last_outcome } = dispatch.delivery || {};
    if (dispatch.agency_disabled && !["rejected", "cancelled", "resolved"].includes(dispatch.state)) {
      item.className = "late";
      item.append(el("b", " · ▲ instansi dinonaktifkan, tidak dapat menjawab: hubungi lewat telepon"));
    }
    for (let n = 1; n <= dispatch.photos; n += 1) {
      const photo = el("a", `foto ${n}`);
      photo.href = `/api/v1/dispatches/${dispatch.id}/photos/${n}`;
      photo.target = "_blank";
      item.append(" · ", photo);
    }
    if (!dispatch.caller_number) item.append(el("span", " · tanpa nomor penelepon", "quiet"));
    if (state === "paused") item.append(el("b", " · ▲ dijeda: hubungi lewat telepon"));
    if (state === "failing") item.append(el("span", ` · ▲ gagal kirim (${last_outcome}), dicoba lagi`));
    if (state === "dead") {
      item.className = "late";
      item.append(el("span", " · ✗ tidak sampai, tidak dicoba lagi"));
    }
    return item;
  }));
  tick();
}

const agencyName = (code) => agencies.find((agency) => agency.code === code)?.name || code;

const proposal = (rule) => `${rule.paused ? "▲ dijeda: hubungi lewat telepon · " : ""}usulan aturan ${rule.rule} versi ${rule.rule_version}, terima ≤ ${rule.accept_within_s} dtk${rule.caller_number ? "" : ", tanpa nomor penelepon"}${rule.certain ? "" : " – bila tempat/prioritas cocok, belum diketahui"}`;

async function showProposals() {
  const number = selected;
  const { proposed } = await api("GET", `/reports/${number}/dispatches/proposed`);
  if (number !== selected) return;
  const codes = [...proposed.map((one) => one.agency), ...agencies.map((one) => one.code).filter((code) => !proposed.some((one) => one.agency === code))];
  const has = new Set((reports.get(number)?.dispatches || []).filter((one) => !["rejected", "cancelled"].includes(one.state)).map((one) => one.agency));
  $("agencies").replaceChildren($("agencies").firstElementChild, ...codes.map((code) => {
    const rule = proposed.find((one) => one.agency === code);
    const label = el("label");
    const box = el("input");
    box.type = "checkbox";
    box.value = code;
    const off = agencies.some((one) => one.code === code && one.disabled_at);
    box.disabled = has.has(code) || off;
    box.checked = Boolean(rule?.chosen) && !box.disabled;
    label.append(box, el("span", agencyName(code)), el("span", off ? "▲ dinonaktifkan" : box.disabled ? "sudah dikirim" : rule ? proposal(rule) : "", "quiet"));
    return label;
  }));
}

// -- what people do --------------------------------------------------------------------------------------------------

async function change(fields) {
  const report = reports.get(selected);
  const changed = await api("PATCH", "/reports/" + report.number, fields, { "If-Match": `"${report.version}"` });
  reports.set(changed.number, changed);
  showReport();
  showLists();
}

async function takeStep(step) {
  if (BY_STATUS[step]) return change({ status: BY_STATUS[step] });
  const ending = step === "close" ? { disposition: $("disposition").value || null, caller: $("told").value || null } : {};
  const changed = await api("POST", `/reports/${selected}/${step}`, ending);
  reports.set(changed.number, changed);
  showReport();
  showLists();
}

async function saveField(input) {
  const value = input.value === "" && input.dataset.leaf !== "class" ? null : input.value;
  const fields = input.dataset.leaf === "location.text" ? { location: { text: value } } : { [input.dataset.leaf]: value };
  const kind = input.dataset.leaf === "kind" && kinds.find((one) => one.code === value);
  try {
    delete input.dataset.typed;
    await change(fields);
    input.className = "saved";
    trouble(null);
    if (kind) await showProposals();
  } catch (error) {
    input.className = "refused-field";
    input.dataset.typed = "1"; // what was typed stays until it is saved
    trouble(error);
    if (error.status === 412) await load(selected);
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-number]");
  if (button) select(button.dataset.number).catch(trouble);
});
for (const input of document.querySelectorAll("[data-leaf]")) {
  input.addEventListener("input", () => { input.dataset.typed = "1"; });
  input.addEventListener("change", () => saveField(input));
}
$("write").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = $("entry").value;
  if (!text.trim()) return;
  $("entry").value = "";
  api("POST", `/reports/${selected}/entries`, { text }).then(() => trouble(null), (error) => { $("entry").value ||= text; trouble(error); });
});
$("send").addEventListener("submit", (event) => {
  event.preventDefault();
  const chosen = [...$("agencies").querySelectorAll("input:checked:not(:disabled)")].map((box) => box.value);
  if (!chosen.length) { trouble(new Error("Pilih instansi lebih dulu.")); return; }
  const number = selected;
  api("POST", `/reports/${number}/dispatches`, { agencies: chosen })
    .then(() => load(number)).then(showProposals).then(() => trouble(null), trouble);
});

async function prepare() {
  [{ kinds }, { agencies }, { dispositions }] = await Promise.all([api("GET", "/kinds"), api("GET", "/agencies"), api("GET", "/dispositions")]);
  const select = document.querySelector("[data-leaf=kind]");
  for (const kind of kinds.filter((one) => !one.disabled)) {
    const option = el("option", kind.name.id);
    option.value = kind.code;
    select.append(option);
  }
}

setInterval(tick, 1000);
askHealth();
prepare().then(begin, (error) => { trouble(error); setTimeout(() => location.reload(), 3000); });
