// Written by tools/api_types.py from the API's own description; do not edit.

/** An agency that was added. `secret` and `token` are shown this once. `resolves`: its host has an address now. */
export interface AddedAgency {
  agency: AgencySettings;
  secret: string;
  token: string;
  resolves: boolean;
}

/** The agencies by code. */
export interface Agencies {
  agencies: Agency[];
}

/** An agency that can be sent reports, and how we stand with it. Ages are 0 when there is nothing. `failing_since`: since when no try was taken. `refused`: envelopes that it refuses in a way that only a person can mend. While `paused_at` is set nothing is sent, and everything stays owed. While `disabled_at` is set nothing is sent or proposed, what was owed is dead, and the agency's token and signatures are refused. `caller_number`: where no rule says otherwise, it is told the caller's number and name. `is_centre`: it is a neighbour's 112 centre, to which a report can be left once it has accepted it. */
export interface Agency {
  code: string;
  name: string;
  paused_at: string | null;
  paused_by: string | null;
  pause_reason: string | null;
  disabled_at: string | null;
  disabled_by: string | null;
  disable_reason: string | null;
  caller_number: boolean;
  is_centre: boolean;
  no_system: boolean;
  phone: string | null;
  sms_to: string[];
  format: string;
  has_api_key: boolean;
  failing_since: string | null;
  failures_in_a_row: number;
  unsent: number;
  oldest_unsent_s: number;
  refused: number;
  unaccepted: number;
  oldest_unaccepted_s: number;
}

/** What to change of an agency; a field that is not sent stays as it is. `url` null: it has no system any more. */
export interface AgencyChangeIn {
  name?: string;
  url?: string | null;
  allow_cidr?: string[];
  ca_pem?: string | null;
  phone?: string | null;
}

/** An agency to add. `kinds`: reports of these go there, by a rule at the end of the rules. `caller_number` null: it is told who called, unless it is Open311's. `url` null: it has no computer system, and people telephone `phone`. */
export interface AgencyIn {
  code: string;
  name: string;
  url?: string | null;
  allow_cidr?: string[];
  kinds?: string[];
  next?: string | null;
  format?: "native" | "eido" | "cap" | "open311";
  jurisdiction_id?: string | null;
  caller_number?: boolean | null;
  is_centre?: boolean;
  ca_pem?: string | null;
  phone?: string | null;
}

/** Where an agency is reached, and in which form. `old_secret_until`: so long two secrets are honoured. */
export interface AgencySettings {
  version: number;
  code: string;
  name: string;
  url: string | null;
  phone: string | null;
  sms_to: string[];
  allow_cidr: string[];
  format: string;
  jurisdiction_id: string | null;
  has_api_key: boolean;
  is_centre: boolean;
  ca_pem: string | null;
  old_secret_until: string | null;
}

/** What is wrong now: a code for programs, and a sentence that says what to do. `values` is what the sentence names, for pages that say it in their own words: times end in `_at`, seconds in `_s`. */
export interface Alarm {
  code: string;
  message: string;
  values: Record<string, string | number>;
}

/** The process is alive. */
export interface Alive {
  status: "ok";
  version: string;
}

/** An answer, and how much it weighs. */
export interface Answer {
  code: string;
  name: Words;
  weight: number;
}

/** An answer that a caller may give. */
export interface AnswerIn {
  code: string;
  name: WordsIn;
  weight: number;
}

/** What an answer did: `applied` false means that it was kept and moved nothing. `dispatch` is as it is now. An answer sent again with its key is told what it did the first time. */
export interface Answered {
  applied: boolean;
  dispatch: Dispatch;
}

/** `in_time` of `counted`: answered within `within_s` of arriving, of today's calls that were answered or waited longer. `gave_up` (ended unanswered before that) and `unknown` (no times are known) are not in `counted`. `target`: the share that is aimed at. */
export interface Answering {
  within_s: number;
  target: number;
  in_time: number;
  counted: number;
  gave_up: number;
  unknown: number;
}

/** The api_key that an Open311 platform gave the centre; null: none. */
export interface ApiKeyIn {
  api_key: string | null;
}

/** One try. `detail` is the first 4 kB of the answer, or what went wrong, without secrets. */
export interface Attempt {
  at: string;
  outcome: string;
  status: number | null;
  latency_ms: number;
  detail: string;
}

/** Rows, the newest first; `next` is `before` of the older ones, null at the end. */
export interface AuditPage {
  rows: AuditRow[];
  next: number | null;
}

/** A row of the record. `detail` holds ids, names of fields and marks, never what a person said. */
export interface AuditRow {
  n: number;
  at: string;
  actor: string;
  action: string;
  subject: string;
  detail: Record<string, unknown>;
  hash: string;
}

/** Something is wrong. `source`: database, schema, bridge, control, routing, web. `bad`: calls or dispatches are held up by it. `agency`, `since`, `count` (letters that it is owed, or refuses): where that is known. */
export interface BoardAlarm {
  code: string;
  source: string;
  pbx: string | null;
  bad: boolean;
  agency: string | null;
  since: string | null;
  count: number | null;
  message: string;
  values: Record<string, string | number>;
}

/** Dispatches that nobody has accepted; `oldest` are the first of them, the oldest first. `rejected`: those that their agency rejected, or accepted and gave up, and after which nobody else has the report; `silent`: those that were accepted and whose agency says nothing any more. Neither is among `unaccepted`. */
export interface BoardDispatches {
  unaccepted: number;
  overdue: number;
  rejected: number;
  silent: number;
  oldest: Unaccepted[];
}

/** Calls by the local hour in which they arrived, and the mean of the `days` whole days before today. */
export interface BoardHours {
  days: number;
  of: Hour[];
}

/** Whose telephone calls the caller back: one of INTAKE112_DESKS; that of your own shift when none is sent. */
export interface BodiesCallBackIn {
  device?: string | null;
}

/** From the south-west to the north-east, in degrees. */
export interface Bounds {
  south: number;
  west: number;
  north: number;
  east: number;
}

/** A call with its legs, its recording once that is kept, and what the trunk said of the caller, as it came. `message`: what the caller left with the voice menu. `call_back_owed`: it promised one, and nobody has talked to the caller since, or closed the worklist's item. */
export interface Call {
  pbx: string;
  uniqueid: string;
  linkedid: string | null;
  trunk: string | null;
  dialled: string | null;
  stage: "arrived" | "queued" | "overflow" | "talking" | "held" | "transferred" | "ended";
  outcome: "answered" | "abandoned" | "overflow" | "failed" | null;
  arrived_at: string;
  queued_at: string | null;
  answered_at: string | null;
  ended_at: string | null;
  waited_s: number | null;
  operator: Operator | null;
  hangup_cause: string | null;
  recovered: boolean;
  metadata: Record<string, string | null>;
  position: NetworkPosition | null;
  legs: Leg[];
  recording: Recording | null;
  message: Recording | null;
  call_back_owed: boolean;
}

/** A call as lists show it. `waited_s` goes on while the caller waits; null when nobody knows. */
export interface CallSummary {
  pbx: string;
  uniqueid: string;
  linkedid: string | null;
  trunk: string | null;
  dialled: string | null;
  stage: "arrived" | "queued" | "overflow" | "talking" | "held" | "transferred" | "ended";
  outcome: "answered" | "abandoned" | "overflow" | "failed" | null;
  arrived_at: string;
  queued_at: string | null;
  answered_at: string | null;
  ended_at: string | null;
  waited_s: number | null;
  operator: Operator | null;
  hangup_cause: string | null;
  recovered: boolean;
}

/** `number` is E.164 when valid, else null; `number_raw` is what the carrier sent, and stays. Where a person wrote another number (`caller_typed` of the report), `number` is of that. */
export interface Caller {
  number: string | null;
  number_raw: string | null;
  name: string | null;
  withheld: boolean | null;
}

/** Whose telephone calls back: one of INTAKE112_DESKS; that of your own shift when none is sent. */
export interface CallerCallBackIn {
  device?: string | null;
}

/** What is known of a report's caller by the number. `takes_part`: false where the number is surely nobody's own (`why`); `advice` then says what to do. `marked`: a strike holds; the call rings like any other. `reports`: the newest 20, those not closed first. `worklist`: the open item that holds calls of this number. */
export interface CallerHistory {
  number: string | null;
  takes_part: boolean;
  why: "no_number" | "pilot" | "test" | null;
  advice: string | null;
  pilot: string | null;
  total: number;
  not_closed: number;
  tally: Tally;
  reports: PastReport[];
  marked: boolean;
  strikes: Strike[];
  worklist: string | null;
}

/** Who called; a number in any written form. */
export interface CallerIn {
  number?: string | null;
  name?: string | null;
}

/** A later report (`report`) belongs to an earlier one (`to`). `rule`: what made it, null: a person. */
export interface CallerLink {
  id: string;
  report: string;
  to: string;
  rule: "same_number" | null;
  made_at: string;
  made_by: string;
  undone_at: string | null;
  undone_by: string | null;
}

/** The other report; whichever was opened later is linked to the earlier one. */
export interface CallerLinkIn {
  to: string;
}

/** Whether an agency is told the caller's number and name where no rule says otherwise. */
export interface CallerNumberIn {
  told: boolean;
}

/** What a centre sets about callers; each has a value when it is not sent. A call shorter than `short_call_s` is owed a call back when there are `short_calls_owed` of them, none more than `short_calls_forgotten_h` after the one before. `daily_cap` warns; nothing is left out. */
export interface CallerRules {
  short_call_s?: number;
  short_calls_owed?: number;
  short_calls_forgotten_h?: number;
  call_back_within_s?: number;
  call_back_tries?: number;
  daily_cap?: number;
  link_within_h?: number;
  history_days?: number;
  first_strike_h?: number;
  strike_h?: number;
  trunks?: Record<string, unknown>;
}

/** The calls in progress, the longest waiting first; `now` is the server's time. */
export interface Calls {
  now: string;
  calls: ReportSummary[];
}

/** Why a dispatch is cancelled: its agency reads it. */
export interface CancelIn {
  reason: string;
}

/** The fields to change; a field that is not sent stays as it is. */
export interface ChangeIn {
  kind?: string | null;
  priority?: "P1" | "P2" | "P3" | null;
  class?: "normal" | "ghost" | "prank" | "information" | "test";
  narrative?: string | null;
  status?: "open" | "working" | "dispatched" | "resolved" | "closed" | "reopened";
  caller?: CallerIn;
  location?: LocationIn;
  flags?: FlagsIn;
}

/** One thing that must be well, and what to do when it is not. */
export interface Check {
  name: string;
  ok: boolean;
  message: string;
}

/** Why nobody must be called back any more; `unreachable` only after enough tries. `reports`: close those of its reports, too, on which nobody has worked. Without `because` these alone, of an item that is closed. */
export interface CloseIn {
  because?: "unreachable" | "found" | "not_needed" | null;
  note?: string | null;
  reports?: ReportsEndIn | null;
}

/** Which fields others changed meanwhile; null where that is not told, and for a version that never was. */
export interface Conflict {
  error: string;
  message: string;
  field?: string | null;
  why?: string | null;
  found?: Record<string, string> | null;
  limit?: number | null;
  allowed?: ("work" | "dispatch" | "resolve" | "close" | "not_ours" | "reopen")[] | null;
  status?: "open" | "working" | "dispatched" | "resolved" | "closed" | "reopened" | null;
  held_by?: string[] | null;
  current_version?: number | null;
  conflicts?: Record<string, Sides> | null;
}

/** What is to become of an attended transfer: `cancel` takes the caller back, `join` lets all three talk, `complete` leaves the caller with who was asked. */
export interface ConsultationIn {
  step: "cancel" | "join" | "complete";
}

/** What was asked of the PBX. `asked`: nobody began yet; it is done within 10 s of that, or not at all. `result`: `done`; `refused` by the PBX; `call_over`; `too_late`; `unknown`: it broke off, look whether it happened. Of a call back, done when the caller answered, also: `busy`, `no_answer`, `unreachable`; `cancelled`: the desk hung up first; `desk_busy`, `desk_no_answer`, `desk_unreachable`: the desk's own telephone. */
export interface Control {
  id: string;
  pbx: string;
  action: "hang-up" | "transfer" | "consult" | "consult-cancel" | "consult-join" | "consult-complete" | "call-back" | "member-add" | "member-remove" | "member-pause" | "member-unpause" | "member-ready";
  state: "asked" | "begun" | "done" | "failed";
  asked_at: string;
  asked_by: string;
  begun_at: string | null;
  ended_at: string | null;
  result: "done" | "call_over" | "too_late" | "busy" | "no_answer" | "unreachable" | "refused" | "cancelled" | "desk_busy" | "desk_no_answer" | "desk_unreachable" | "unknown" | null;
  detail: string | null;
}

/** An envelope (`id` is its `webhook-id`) and its last tries; a test letter is in state `test` and has no dispatch. `dead`: its report was closed, or its agency removed or disabled, before anybody took it. */
export interface DeliveryDelivery {
  id: string;
  dispatch: string | null;
  report: string | null;
  sequence: number | null;
  type: string;
  state: "pending" | "delivered" | "withdrawn" | "dead" | "test";
  created_at: string;
  created_by: string | null;
  next_try_at: string | null;
  delivered_at: string | null;
  tries: number;
  attempts: Attempt[];
}

/** The delivery log, the newest first; `next` is the cursor of the older ones, null at the end. */
export interface DeliveryPage {
  deliveries: DeliveryDelivery[];
  next: string | null;
}

/** A telephone and who sits there; `user` null: nobody has a shift, and yet a queue has it as a member. `state` is what is so: `talking` (about `report`), `wrap-up` after it, else what the PBX says: `ready`, `break`, `absent` (in no queue), `unreachable`. `unknown`: the PBX is not heard now, `at_pbx` is what it last said. `gone`: the person is logged in nowhere any more. `wished` is what was asked at the desk. `session_until`: then the person's last session ends, and the shift with it, unless they write in its last hours (then it moves, to 24 h at most). */
export interface Desk {
  shift: string | null;
  user: string | null;
  pbx: string;
  device: string;
  state: "ready" | "break" | "absent" | "unreachable" | "talking" | "wrap-up" | "unknown" | "gone";
  reason: string | null;
  since: string;
  report: string | null;
  wrap_up_until: string | null;
  begun_at: string | null;
  wished: "ready" | "break" | null;
  wished_reason: string | null;
  wished_at: string | null;
  at_pbx: "ready" | "break" | "absent" | "unreachable";
  difference: DeskDifference | null;
  queues: DeskQueue[];
  session_until: string | null;
}

/** Where what was wished at the desk and what the PBX says differ; `message` says it in a sentence. `not_heard`: nobody listens to the PBX now. `not_asked`: nobody can ask it now. `refused`: it would not. `not_confirmed`: it has not shown it yet. `changed_at_pbx`: it did, and was changed by somebody else since. `unreachable`: the telephone is not there. */
export interface DeskDifference {
  code: "not_heard" | "not_asked" | "refused" | "not_confirmed" | "changed_at_pbx" | "unreachable";
  message: string;
}

/** What the PBX last said of a telephone in one queue; `name` is whom it shows there. */
export interface DeskQueue {
  queue: string;
  name: string;
  paused: boolean;
  reason: string | null;
  reachable: boolean;
  at: string;
}

/** Every telephone at which somebody sits, or that a queue has; `now` is the server's time. `devices`: the telephones at which a shift can begin (INTAKE112_DESKS), manned or not. */
export interface Desks {
  now: string;
  desks: Desk[];
  devices: string[];
}

/** Why an agency is disabled. */
export interface DisableIn {
  reason: string;
}

/** A report at an agency. Delivered is not accepted: only an answer says that a person has it. */
export interface Dispatch {
  id: string;
  agency: string;
  state: "queued" | "sent" | "delivered" | "accepted" | "rejected" | "en_route" | "on_scene" | "resolved" | "cancelled";
  sequence: number;
  created_at: string;
  created_by: string;
  accept_by: string;
  sent_at: string | null;
  delivered_at: string | null;
  accepted_at: string | null;
  rejected_at: string | null;
  en_route_at: string | null;
  on_scene_at: string | null;
  resolved_at: string | null;
  cancelled_at: string | null;
  cancel_reason: string | null;
  answered_by: string | null;
  note: string | null;
  escalation: number;
  overdue: boolean;
  caller_number: boolean;
  agency_disabled: boolean;
  agency_no_system: boolean;
  agency_phone: string | null;
  delivery: DispatchDelivery | null;
  rule_version: number | null;
  rule_number: number | null;
  escalate_at: string | null;
  heard_at: string | null;
  asked: number;
  gave_up: boolean;
  photos: number;
}

/** How far the webhooks of a dispatch are: that of the envelope it waits for, the newest when it waits for none. `pending`; `failing`: tried in vain, and tried again at `next_try_at`; `paused`: somebody paused the agency, and nothing goes there until it is resumed; `delivered`; `withdrawn`: cancelled before any receiver took it (a closing: reopened); `dead`: nobody tries any more, see `cause`; POST …/send-again makes it due. */
export interface DispatchDelivery {
  state: "pending" | "failing" | "paused" | "delivered" | "withdrawn" | "dead";
  cause: "dispatch_cancelled" | "report_closed" | "report_reopened" | "agency_removed" | "agency_disabled" | "agency_no_system" | null;
  type: "dispatch.created" | "report.updated" | "dispatch.cancelled" | "report.closed";
  sequence: number;
  tries: number;
  last_outcome: string | null;
  next_try_at: string | null;
}

/** Dispatches of a report. */
export interface DispatchDispatches {
  dispatches: Dispatch[];
}

/** Whom to send it to; without `agencies`, to those the rules propose and who do not have it yet. */
export interface DispatchIn {
  agencies?: string[] | null;
}

/** An agency that should have the report by a rule (number `rule` of version `rule_version`). `has_it`: it has something to do with it, or with a report that is joined with it, and would be left out. Not `certain`: the rule hangs on a place or a priority that the report does not have yet. `chosen`: it goes there when the desk names no agencies. `paused`: nothing is sent there until somebody resumes it; telephone it. `caller_number`: it will be told the caller's number and name. */
export interface DispatchProposed {
  agency: string;
  name: string;
  accept_within_s: number;
  has_it: boolean;
  rule: number;
  rule_version: number | null;
  certain: boolean;
  chosen: boolean;
  paused: boolean;
  caller_number: boolean;
}

/** A way to end; `classes` are the classes of report that may end so. `disabled`: nobody can choose it any more. */
export interface Disposition {
  version: number;
  code: string;
  name: Words;
  position: number;
  disabled: boolean;
  classes: ("normal" | "ghost" | "prank" | "information" | "test")[];
}

/** What to change of a disposition; a field that is not sent stays as it is. */
export interface DispositionIn {
  name?: WordsIn;
  disabled?: boolean;
  position?: number;
  classes?: ("normal" | "ghost" | "prank" | "information" | "test")[];
}

/** The dispositions in their order. */
export interface Dispositions {
  dispositions: Disposition[];
}

/** It is done. */
export interface Done {
  done?: boolean;
}

/** What somebody did about an item. Of a call back: its request, and how that ended (null: it has not). */
export interface DoneStep {
  at: string;
  by: string;
  step: "message" | "search" | "call_back";
  control: string | null;
  result: string | null;
  note: string | null;
}

/** A report to which this one may be joined; `score` is 0 to 100. `by_way_of`: which report of its group matches, itself or one that is joined to it. `obstacle`: why it cannot be joined (yet), and what to do. */
export interface DuplicateProposed {
  number: string;
  score: number;
  reason: Reason;
  by_way_of: string;
  obstacle: string | null;
  status: "open" | "working" | "dispatched" | "resolved" | "closed" | "reopened";
  kind: string | null;
  priority: "P1" | "P2" | "P3" | null;
  opened_at: string;
  location: Location;
  joined: number;
}

/** What a report is joined with, and to which it may be. `of`: the head's number, null when this report is joined to none. `group`: the head first; empty when it is alone. `cut`: so many came in that time that not all could be looked at. */
export interface Duplicates {
  number: string;
  of: string | null;
  group: Member[];
  proposed: DuplicateProposed[];
  cut: boolean;
}

/** A shift is over. */
export interface Ended {
  ended?: true;
}

/** What became of a report; what is left out stays as the report has it. */
export interface EndingIn {
  class?: "normal" | "ghost" | "prank" | "information" | "test" | null;
  disposition?: string | null;
  caller?: "told" | "unreachable" | null;
  note?: string | null;
}

/** An entry, written in pen: struck, it stays. */
export interface Entry {
  id: string;
  at: string;
  author: string;
  automatic: boolean;
  text: string;
  struck_at: string | null;
  struck_by: string | null;
}

/** What is to be written. */
export interface EntryIn {
  text: string;
}

/** What came of it. `followed` false: the rules know no other agency, and the supervisor is told to decide. */
export interface Escalated {
  followed: boolean;
  dispatch: Dispatch;
}

/** What a crew must know first; null: nobody has said. `no_road`: on an island without a road. */
export interface Flags {
  hurt: boolean | null;
  trapped: boolean | null;
  fire_spreading: boolean | null;
  weapon: boolean | null;
  child: boolean | null;
  no_road: boolean | null;
}

/** What a crew must know first; null: nobody has said. */
export interface FlagsIn {
  hurt?: boolean | null;
  trapped?: boolean | null;
  fire_spreading?: boolean | null;
  weapon?: boolean | null;
  child?: boolean | null;
  no_road?: boolean | null;
}

/** Where the report would go. `chosen`: the desk sends there when it names no agencies. `caller_number`: it would be told the caller's number and name. */
export interface GoesTo {
  agency: string;
  name: string;
  accept_within_s: number;
  rule: number;
  certain: boolean;
  chosen: boolean;
  automatic: boolean;
  caller_number: boolean;
}

/** What the caller answered to a question of the kind's guide. */
export interface GuideAnswer {
  question: string;
  answer: string;
  weight: number;
  at: string;
  by: string;
}

/** What the caller answered. */
export interface GuideIn {
  question: string;
  answer: string;
}

/** The last time a report was handed over at the end of a shift; `to` null: to whoever takes it. */
export interface Handover {
  id: string;
  at: string;
  from: string;
  to: string | null;
  note: string;
  taken_at: string | null;
  taken_by: string | null;
}

/** What is left to whom, and what they must know. */
export interface HandoverIn {
  to?: string | null;
  note: string;
  reports?: string[] | null;
}

/** A hand-over, and what it is about. */
export interface HandoverOfReports {
  id: string;
  at: string;
  from: string;
  to: string | null;
  note: string;
  taken_at: string | null;
  taken_by: string | null;
  reports: string[];
}

/** Hand-overs, the newest first. */
export interface Handovers {
  handovers: HandoverOfReports[];
}

/** What became of a handset's message: `joined` to a report, `waiting` for its call, `no_position` (the handset does not know where it is), `refused`; `reason` says why. `again`: it came before, and counts once. A machine is told `taken` instead of the first two. */
export interface HandsetMessage {
  id: string;
  state: "joined" | "waiting" | "taken" | "no_position" | "refused";
  reason: string | null;
  report: string | null;
  again: boolean;
}

/** A local hour of today. `calls` null: it is still to come. `mean` null: no whole day was counted yet. */
export interface Hour {
  hour: number;
  calls: number | null;
  mean: number | null;
}

/** From a time of these days (1 Monday … 7 Sunday) to another, of the day after if that is earlier. */
export interface HoursIn {
  days?: number[];
  from: string;
  to: string;
}

/** Callers whom nobody talked to: one item for each number and open spell, however often it rang. `owed_at` null: its calls were short and not repeated. `due_at`: by then somebody should have called back. `tries`: calls back that reached nobody, of `tries_needed` before one may give up; `next_step` is what comes now, null when it is closed. `not_closed`: those of `reports` that are not. */
export interface Item {
  id: string;
  number: string | null;
  reports: string[];
  not_closed: string[];
  reason: "abandoned" | "failed" | "unknown" | "overflow" | "silent";
  rings: number;
  short_rings: number;
  first_at: string;
  last_at: string;
  owed_at: string | null;
  due_at: string | null;
  overdue: boolean;
  owner: string | null;
  taken_at: string | null;
  tries: number;
  tries_needed: number;
  next_step: "call_back" | "message" | "search" | "close" | null;
  steps: DoneStep[];
  closed_at: string | null;
  closed_by: string | null;
  closed_because: string | null;
  note: string | null;
}

/** To which report this one is joined; if that is joined itself, to its head. */
export interface JoinIn {
  of: string;
}

/** An answer as it came. `applied` false: it was late or repeated, and moved nothing. `via` is how it came, null when nobody wrote that down yet; `recorded_by` who at the centre wrote down a call. */
export interface KeptAnswer {
  received_at: string;
  answer: "accepted" | "rejected" | "en_route" | "on_scene" | "resolved";
  by: string | null;
  at: string | null;
  sequence: number | null;
  note: string | null;
  applied: boolean;
  via: "api" | "signed" | "body" | "page" | "telephone" | null;
  recorded_by: string | null;
}

/** All that an agency said to a dispatch, the first answer first. */
export interface KeptAnswers {
  answers: KeptAnswer[];
}

/** A handset's message as it is kept: without the subscriber's and the device's number. */
export interface KeptMessage {
  id: string;
  at: string;
  sent_at: string | null;
  by: string;
  number: string | null;
  number_raw: string | null;
  text: string;
  state: "joined" | "waiting" | "no_position" | "refused";
  reason: string | null;
  report: string | null;
  measured_at: string | null;
  method: string | null;
  lat: number | null;
  lon: number | null;
  radius_m: number | null;
}

/** Handsets' messages, the newest first. */
export interface KeptMessages {
  messages: KeptMessage[];
}

/** A kind of report, with the priority it has when nobody judged otherwise, and what to ask the caller. `thresholds`: from which sum of the answers' weights on a report is that urgent. `accept_within_s`: how long agencies have, by priority, where that is another time than everybody's. `disabled`: nobody can choose it any more. */
export interface Kind {
  version: number;
  code: string;
  name: Words;
  position: number;
  disabled: boolean;
  icon: string;
  priority: "P1" | "P2" | "P3";
  accept_within_s: Record<string, number>;
  guide: Question[];
  thresholds: Record<string, number>;
}

/** What to change of a kind; a field that is not sent stays as it is. */
export interface KindIn {
  name?: WordsIn;
  disabled?: boolean;
  position?: number;
  icon?: string;
  accept_within_s?: Record<string, number>;
  guide?: QuestionIn[];
  thresholds?: Record<string, number>;
  priority?: "P1" | "P2" | "P3";
}

/** The kinds in their order. */
export interface Kinds {
  kinds: Kind[];
}

/** How one part of the machines is. `unknown`: what would tell it is not heard. `codes`: why, as `/readyz` has them. `count`: of `queue` the telephones it can ring now; of `lanes` the agencies that do not get what they are owed. */
export interface Lamp {
  name: "trunk" | "ami" | "queue" | "database" | "lanes";
  state: "ok" | "warn" | "bad" | "unknown";
  codes: string[];
  count: number | null;
}

/** A spell of waiting (`queue`), a phone that rang for the caller (`operator`, `agency`), or one that called back. `taken`: a human answered it; `answered_at` is null then when nobody knows the time. */
export interface Leg {
  key: string;
  kind: string;
  device: string | null;
  member: string | null;
  user: string | null;
  from: string;
  taken: boolean;
  answered_at: string | null;
  to: string | null;
  cause: string | null;
}

/** Why a strike is lifted. */
export interface LiftIn {
  because: string;
}

/** All limits: metres, minutes, hours, and the pairs of kinds that fit (`*`: every kind). */
export interface LimitsIn {
  within_m: number;
  within_min: number;
  joinable_h: number;
  fits: string[][];
}

/** The limits that hold. `version` 0: those of this release, nobody has set any. */
export interface LimitsOut {
  version: number;
  within_m: number;
  within_min: number;
  joinable_h: number;
  fits: string[][];
}

/** A report's links in both directions, undone ones too, the oldest first. */
export interface Links {
  links: CallerLink[];
}

/** Where it is: `text` as a person typed it, and beside it coordinates with their method, radius in metres and time. The coordinates are the last that a person set, else the best that machines told, else those of `place`. `method`: `gnss`, `wifi`, `cell`, `browser`, `pin`, `coordinates`, `plus-code`, `typed`, `gazetteer`, or the network's own word. `measured_at`: null when nobody said when. `place`: code of a place; `place_name`: what that was called when it was set. */
export interface Location {
  text: string | null;
  lat: number | null;
  lon: number | null;
  method: string | null;
  radius_m: number | null;
  measured_at: string | null;
  place: string | null;
  place_name: string | null;
}

/** Where it is; `lat` and `lon` go together. */
export interface LocationIn {
  text?: string | null;
  lat?: number | null;
  lon?: number | null;
  place?: string | null;
}

/** A link by which the caller's browser may tell the position, once. */
export interface LocationLink {
  created_at: string;
  created_by: string;
  expires_at: string;
  used_at: string | null;
  sms: Sms | null;
}

/** How the caller gets the link: by SMS, to the caller's number or `to`; or not from here. */
export interface LocationLinkIn {
  send?: boolean;
  to?: string | null;
  language?: "id" | "en" | null;
}

/** Why the map cannot draw a file: a code with what was found, and a sentence that says what to do. */
export interface MapFault {
  why: string;
  found: Record<string, string>;
  message: string;
}

/** A file of the centre: `url` gives it, in parts too. `version`: for If-Match, another when the file is. `bounds` and what follows is what is in it: zooms of PMTiles, features of GeoJSON, and how many names are written. Not `drawn`: it is PMTiles, of which only one is, the last by name. `fault`: nothing of that is known. */
export interface MapFile {
  name: string;
  type: "pmtiles" | "geojson";
  bytes: number;
  changed_at: string;
  url: string;
  version: number;
  bounds: Bounds | null;
  min_zoom: number | null;
  max_zoom: number | null;
  features: number | null;
  named: number | null;
  drawn: boolean;
  fault: MapFault | null;
}

/** The centre's own files, by name, and the area in which its known places lie; null while none has coordinates. `most_bytes`: how large a file may be that is sent, by its type. */
export interface MapSources {
  files: MapFile[];
  bounds: Bounds | null;
  most_bytes: Record<string, number>;
}

/** A report of the group. `joined_to`: the report it was joined to, null of the head. */
export interface Member {
  number: string;
  status: "open" | "working" | "dispatched" | "resolved" | "closed" | "reopened";
  opened_at: string;
  caller: Caller;
  joined_to: string | null;
  joined_at: string | null;
}

/** What is to become of a telephone in the queue; `name` is whom screens show, its own name unless it is said. */
export interface MemberIn {
  action: "add" | "remove" | "pause" | "unpause";
  device: string;
  name?: string | null;
  pbx?: string | null;
}

/** Whose reports are asked for: theirs, not closed, the oldest first; `now` is the server's time. */
export interface MyReports {
  now: string;
  reports: ReportSummary[];
}

/** A place beside which a short plus code is meant. */
export interface NearIn {
  lat: number;
  lon: number;
}

/** Where the caller's network says that he is, as it came with the call; nobody here has checked it. `radius_m` in metres; `method` in the network's words (`Cell`, `GPS`); `at` by its clock, `heard_at` by the PBX's. `civic`: an address; `reference`: where a position could be asked for, and is not. */
export interface NetworkPosition {
  lat: number | null;
  lon: number | null;
  radius_m: number | null;
  method: string | null;
  at: string | null;
  heard_at: string;
  provided_by: string | null;
  civic: string | null;
  reference: string | null;
  source: "PIDF-LO";
}

/** A disposition to add. */
export interface NewDispositionIn {
  code: string;
  name: WordsIn;
  position?: number;
  classes: ("normal" | "ghost" | "prank" | "information" | "test")[];
}

/** A kind to add. */
export interface NewKindIn {
  code: string;
  name: WordsIn;
  position?: number;
  icon?: string;
  accept_within_s?: Record<string, number>;
  guide?: QuestionIn[];
  thresholds?: Record<string, number>;
  priority: "P1" | "P2" | "P3";
}

/** A new link: `url` is shown this once. `notes` say what there is to know: why nothing was sent, for instance. */
export interface NewLink {
  created_at: string;
  created_by: string;
  expires_at: string;
  used_at: string | null;
  sms: Sms | null;
  url: string;
  notes: string[];
}

/** A token, shown this once. */
export interface NewToken {
  name: string;
  role: string;
  token: string;
}

/** A screen's link, shown this once. */
export interface NewWall {
  name: string;
  made_at: string;
  url: string;
}

/** Which neighbouring 112 centre has accepted the report. */
export interface NotOursIn {
  agency: string;
  note?: string | null;
}

/** An empty object. */
export type Nothing = Record<string, never>;

/** Reports that are not closed, the newest first, and how many there are of them in all; `next` as in ReportPage. */
export interface OpenPage {
  total: number;
  reports: ReportSummary[];
  next: string | null;
}

/** Reports that are not closed, and of these: with a dispatch that nobody accepted, with one that is overdue, with one that was rejected or given up and that nobody follows, with one whose agency fell silent, and on which nobody has worked. `first`: overdue and rejected dispatches first, then silent ones, then unaccepted ones, then the oldest. */
export interface OpenReports {
  total: number;
  unaccepted: number;
  overdue: number;
  rejected: number;
  silent: number;
  untouched: number;
  first: ReportSummary[];
}

/** Who answered first; `user` is who was bound to the device at that second. */
export interface Operator {
  user: string | null;
  member: string | null;
  device: string | null;
}

/** Open shifts by their state; the five add up to `shifts`. `without_shift`: telephones in a queue at which nobody has a shift. `other`: in no queue, unreachable, logged out, or the PBX is not heard. */
export interface Operators {
  shifts: number;
  ready: number;
  break: number;
  talking: number;
  wrap_up: number;
  other: number;
  without_shift: number;
}

/** The centre's own places as CSV. `serial` rises with every import, 0: there was none. */
export interface OwnPlaces {
  serial: number;
  places: number;
  loaded_at: string | null;
  loaded_by: string | null;
  csv: string;
}

/** The whole list as CSV, for that of `based_on`; at most 4 MiB. */
export interface OwnPlacesIn {
  csv: string;
  based_on: number;
}

/** The page of a dispatch for telephones. The link is the credential: who has it sees the report and answers. */
export interface PageLink {
  url: string;
}

/** Another report of the same number. `linked`: to the report that was asked for. */
export interface PastReport {
  number: string;
  opened_at: string;
  status: "open" | "working" | "dispatched" | "resolved" | "closed" | "reopened";
  class: "normal" | "ghost" | "prank" | "information" | "test";
  kind: string | null;
  location_text: string | null;
  outcome: "answered" | "abandoned" | "overflow" | "failed" | null;
  linked: boolean;
}

/** Why nothing is to be sent to an agency. */
export interface PauseIn {
  reason: string;
}

/** A photo, how it came, and where it is to be seen. */
export interface Photo {
  number: number;
  type: "image/jpeg" | "image/png" | "image/webp";
  bytes: number;
  sha256: string;
  by: string | null;
  received_at: string;
  via: "api" | "signed" | "page";
  url: string;
}

/** The photos of a dispatch, the first one first. */
export interface Photos {
  photos: Photo[];
}

/** A number behind which are many people: it takes part in no history, link or strike. */
export interface Pilot {
  id: string;
  number: string;
  name: string;
  marked_at: string;
  marked_by: string;
}

/** A number in any written form, and whose it is. */
export interface PilotIn {
  number: string;
  name: string;
}

/** All of them, by name. */
export interface Pilots {
  pilots: Pilot[];
}

/** A place. `label` is what reports call it; `island`: no road leads there; `own`: it is the centre's own. */
export interface Place {
  code: string;
  level: "kecamatan" | "kelurahan" | "desa" | "island" | "own";
  name: string;
  label: string;
  kecamatan: Within | null;
  lat: number | null;
  lon: number | null;
  island: boolean;
  alternatives: string[];
  own: boolean;
}

/** The likeliest first. `known`: how many places there are to be found; 0: no list is loaded, type the place. */
export interface Places {
  known: number;
  places: Place[];
}

/** What lets you, and nobody else, hear it: GET `url`, as often and in such parts as a player likes, until then. */
export interface Play {
  play: string;
  url: string;
  until: string;
}

/** Why it is heard: the report tells it. */
export interface PlayIn {
  reason: string;
  part?: "call" | "message";
}

/** A position that was learnt; none is ever erased. `at`: when we heard of it, `measured_at`: when it was measured. `source`: `network` (PIDF-LO), `handset` (AML), `link` (the caller's browser, or what the caller typed there), `gazetteer` (the place that somebody chose; its code is in `detail`), `person`. Without `lat` and `lon` it is an address or a reference of the network (`detail`), a place without coordinates, or coordinates that a person took out. */
export interface Position {
  id: string;
  at: string;
  measured_at: string | null;
  method: string | null;
  lat: number | null;
  lon: number | null;
  radius_m: number | null;
  source: "network" | "handset" | "link" | "gazetteer" | "person";
  detail: Record<string, string | number | null>;
  by: string;
}

/** A pin (`lat`, `lon`), a plus code (a short one beside `near`, or beside the place that the report has), or coordinates as pasted: degrees, degrees with minutes and seconds, `geo:`, a map's link. */
export interface PositionIn {
  lat?: number;
  lon?: number;
  radius_m?: number | null;
  plus_code?: string;
  text?: string;
  near?: NearIn | null;
}

/** Somebody has the report open, at least until then, and writes in a field, or in none. */
export interface Presence {
  who: string;
  since: string;
  until: string;
  writing: string | null;
}

/** What somebody is at. Say it again every ten seconds; who says nothing is gone by themselves. */
export interface PresenceIn {
  writing?: string | null;
}

/** Who has a report open, who came first first; `now` is the server's time. */
export interface Presences {
  now: string;
  present: Presence[];
}

/** What went wrong: a code for programs, and a sentence that says what to do. */
export interface Problem {
  error: string;
  message: string;
  field?: string | null;
  why?: string | null;
  found?: Record<string, string> | null;
  limit?: number | null;
  allowed?: ("work" | "dispatch" | "resolve" | "close" | "not_ours" | "reopen")[] | null;
  status?: "open" | "working" | "dispatched" | "resolved" | "closed" | "reopened" | null;
  held_by?: string[] | null;
}

/** Who should have a report by the rules. `removed`: agencies that rules for it name, and that are no more. `disabled`: agencies that they name, and to which nothing is sent until somebody enables them. */
export interface Proposals {
  proposed: DispatchProposed[];
  removed: string[];
  disabled: string[];
}

/** A question of a guide. */
export interface Question {
  code: string;
  name: Words;
  answers: Answer[];
}

/** A question to ask. */
export interface QuestionIn {
  code: string;
  name: QuestionWordsIn;
  answers: AnswerIn[];
}

/** A question in both languages. */
export interface QuestionWordsIn {
  id: string;
  en: string;
}

/** Whether calls become reports and reports reach agencies. `alarms`: what services say is wrong; calls become reports all the same. `notes`: limits of this installation, and `lacks` their codes in the same order. `version`: of the server that answers. */
export interface Ready {
  ready: boolean;
  version: string;
  checks: Check[];
  alarms: ServiceAlarm[];
  notes: string[];
  lacks: string[];
}

/** Why two reports may be one incident. `distance_m` is null where one has no coordinates: `same_place` by its text. `kind`: `same`, `fits` by the limits, or `unknown` while one of them has none. `text` says it in Indonesian. */
export interface Reason {
  distance_m: number | null;
  minutes: number;
  kind: "same" | "fits" | "unknown";
  same_place: boolean;
  text: string;
}

/** An agency; without `accept_within_s` it has the priority's time. `next` gets it too when it does not accept. `caller_number`: whether it is told the caller's number and name; null: as the agency's own setting says. What is withheld here is withheld from `next`, too, unless a rule says otherwise of that one. */
export interface RecipientIn {
  agency: string;
  accept_within_s?: number | null;
  next?: string | null;
  caller_number?: boolean | null;
}

/** The sound of a call or a message: how long it is, what is wrong with it. `heard`: GET …/recording gives it. */
export interface Recording {
  heard: boolean;
  seconds: number | null;
  fault: "missing" | "short" | "unreadable" | null;
  kept_at: string;
}

/** What is to be sent again: one envelope, or those made at a time or later; neither: all that failed. */
export interface RedriveIn {
  envelope?: string | null;
  since?: string | null;
}

/** How many envelopes go out again now. */
export interface Redriven {
  envelopes: number;
}

/** For how many hours the old token is honoured too; 0: somebody else has it, it ends at once. */
export interface RenewIn {
  grace_h?: number;
}

/** A new token, shown this once. `old_token_until` null: the old one is honoured no more. */
export interface RenewedToken {
  token: string;
  old_token_until: string | null;
}

/** Why a report is reopened. */
export interface ReopenIn {
  note?: string | null;
}

/** A whole report. `steps`: those that people may take now. `guide`: answers to the guide of its present kind. */
export interface Report {
  version: number;
  number: string;
  status: "open" | "working" | "dispatched" | "resolved" | "closed" | "reopened";
  class: "normal" | "ghost" | "prank" | "information" | "test";
  kind: string | null;
  priority: "P1" | "P2" | "P3" | null;
  source: string;
  external_id: string | null;
  exercise: boolean;
  opened_at: string;
  caller: Caller;
  caller_typed: string | null;
  location: WholeLocation;
  narrative: string | null;
  flags: Flags;
  disposition: string | null;
  caller_told: "told" | "unreachable" | null;
  duplicate_of: string | null;
  joined: number;
  call: Call | null;
  dispatches: Dispatch[];
  entries: Entry[];
  steps: ("work" | "dispatch" | "resolve" | "close" | "not_ours" | "reopen")[];
  guide: GuideAnswer[];
  handover: Handover | null;
}

/** A report that did not come by the telephone line. */
export interface ReportIn {
  source: string;
  external_id?: string | null;
  caller?: CallerIn | null;
  kind?: string | null;
  priority?: "P1" | "P2" | "P3" | null;
  location?: LocationIn | null;
  narrative?: string | null;
}

/** Reports, the newest first; `next` is the cursor of the older ones, null at the end. */
export interface ReportPage {
  reports: ReportSummary[];
  next: string | null;
}

/** A report as lists show it: without entries and legs. `disposition`: how it ended (GET /api/v1/dispositions). `caller_told`: whether who closed it, or will, could tell the caller; of what agencies called resolved, that is the check. */
export interface ReportSummary {
  version: number;
  number: string;
  status: "open" | "working" | "dispatched" | "resolved" | "closed" | "reopened";
  class: "normal" | "ghost" | "prank" | "information" | "test";
  kind: string | null;
  priority: "P1" | "P2" | "P3" | null;
  source: string;
  external_id: string | null;
  exercise: boolean;
  opened_at: string;
  caller: Caller;
  caller_typed: string | null;
  location: Location;
  narrative: string | null;
  flags: Flags;
  disposition: string | null;
  caller_told: "told" | "unreachable" | null;
  duplicate_of: string | null;
  joined: number;
  call: CallSummary | null;
  dispatches: Dispatch[];
}

/** How an item's reports end; `disposition`: the first that fits the class when none is sent (not of `normal`). */
export interface ReportsEndIn {
  class?: "normal" | "ghost" | "prank" | "information" | "test";
  disposition?: string | null;
}

/** What the queue shows beside a number: see CallerHistory. `open_report`: the newest that is not closed. */
export interface RingingCaller {
  report: string;
  takes_part: boolean;
  why: "no_number" | "pilot" | "test" | null;
  advice: string | null;
  tally: Tally | null;
  not_closed: number;
  open_report: string | null;
  marked: boolean;
}

/** Of the calls in progress, the first caller first. */
export interface RingingCallers {
  callers: RingingCaller[];
}

/** For how many hours the old secret is honoured too; 0: it was given away. */
export interface RotateIn {
  grace_h?: number;
}

/** A new secret, shown this once. `cut_short`: a secret that was to be honoured until then is honoured no more. */
export interface RotatedSecret {
  secret: string;
  old_secret_until: string | null;
  cut_short: string | null;
}

/** An agency of a rule, its time to accept (null: the priority's), who is next, and whether it is told who called. `caller_number` null: as the agency's own setting says. */
export interface RuleAgency {
  agency: string;
  accept_within_s: number | null;
  next: string | null;
  caller_number: boolean | null;
}

/** Whether a rule fits, which conditions fail or cannot be judged yet, and why in words. */
export interface RuleExplained {
  rule: number;
  fits: "yes" | "no" | "possible";
  failed: ("kind" | "priority" | "place" | "hours")[];
  unknown: ("kind" | "priority" | "place" | "hours")[];
  why: string;
  removed: string[];
  disabled: string[];
}

/** Days from 1 (Monday) to 7, and times of the centre's clock. */
export interface RuleHours {
  days: number[];
  from: string;
  to: string;
}

/** A rule. Its conditions all hold; one that is empty always does. `automatic`: it sends without anybody's word. */
export interface RuleIn {
  kinds?: string[];
  priorities?: ("P1" | "P2" | "P3")[];
  places?: string[];
  hours?: HoursIn[];
  agencies: RecipientIn[];
  automatic?: boolean;
  note?: string;
}

/** A rule; `number` is its place in its version. */
export interface RuleOut {
  number: number;
  kinds: string[];
  priorities: string[];
  places: string[];
  hours: RuleHours[];
  agencies: RuleAgency[];
  automatic: boolean;
  note: string;
}

/** The rules that hold, and their version. */
export interface Rules {
  version: number;
  rules: CallerRules;
}

/** All rules; what is not sent gets its usual value. */
export interface RulesIn {
  based_on: number;
  rules: CallerRules;
}

/** What holds now and what will hold. `newest` is the number of the version made last, 0 while there is none. */
export interface RulesInForce {
  now: string;
  newest: number;
  in_force: RulesVersion | null;
  waiting: RulesVersion[];
}

/** A version of the rules as it was written. `removed`: agencies it names that are no more; rules skip them. `disabled`: those to which nothing is sent until somebody enables them. Skipped too; a version without them is due. */
export interface RulesVersion {
  number: number;
  effective_from: string;
  made_at: string;
  made_by: string;
  note: string;
  timezone: string;
  rules: RuleOut[];
  removed: string[];
  disabled: string[];
}

/** What an agency's own system sends. */
export interface SentAnswerIn {
  answer: "accepted" | "rejected" | "en_route" | "on_scene" | "resolved";
  by?: string | null;
  at?: string | null;
  sequence?: number | null;
  note?: string | null;
  dispatch?: string | null;
}

/** A photo that is kept. `type` is by its first bytes. */
export interface SentPhoto {
  number: number;
  type: "image/jpeg" | "image/png" | "image/webp";
  bytes: number;
  sha256: string;
  by: string | null;
  received_at: string;
}

/** What a service last said of itself; `fresh`: not longer ago than it promised. */
export interface Service {
  name: string;
  state: string;
  detail: string;
  figures: Record<string, number>;
  alarms: Alarm[];
  since: string;
  seen_at: string;
  fresh: boolean;
}

/** An alarm, and whose it is. */
export interface ServiceAlarm {
  code: string;
  message: string;
  values: Record<string, string | number>;
  service: string;
}

/** A live session: whose, since when, and from which address it was begun. Its `id` opens nothing. */
export interface Session {
  id: string;
  user: string;
  created_at: string;
  expires_at: string;
  address: string | null;
}

/** The live sessions, the newest first. */
export interface Sessions {
  sessions: Session[];
}

/** At which telephone a shift begins: one of INTAKE112_DESKS. */
export interface ShiftIn {
  device: string;
  pbx?: string | null;
}

/** Both values of a field. */
export interface Sides {
  yours: string | boolean | number | null;
  theirs: string | boolean | number | null;
}

/** What would happen. `version` is null for rules that are not saved. `at` is told in the zone of the rules. */
export interface Simulated {
  version: number | null;
  at: string;
  sentence: string;
  goes_to: GoesTo[];
  rules: RuleExplained[];
}

/** A report that is not there; by the rules that hold `at` a time (null: now), a version's, or some not saved. */
export interface SimulationIn {
  kind?: string | null;
  priority?: "P1" | "P2" | "P3" | null;
  places?: string[];
  at?: string | null;
  version?: number | null;
  rules?: RuleIn[] | null;
}

/** An SMS: `queued` while tries go on (`reason` says how the last one ended), `sent` once the gateway has it. */
export interface Sms {
  id: string;
  to: string;
  state: "queued" | "sent" | "failed";
  reason: string | null;
  created_at: string;
  tries: number;
  next_try_at: string | null;
  ended_at: string | null;
}

/** One consistent look: everything up to event `seq` is in it. Then read `/api/v1/live?after=SEQ`. `reports`: the newest of those that are not closed; `/api/v1/open-reports?after=NEXT` has the older ones. */
export interface State {
  seq: number;
  now: string;
  calls: ReportSummary[];
  reports: ReportSummary[];
  next: string | null;
  open_reports: number;
  services: Service[];
}

/** What was done: a message was sent, or the same number or place looked for. */
export interface StepIn {
  step: "message" | "search";
  note?: string | null;
}

/** A number was a nuisance. It marks the number while `holds`, and never stops a call. `note`: children, a telephone in a pocket. Asked for by one person, it holds once another has confirmed it. */
export interface Strike {
  id: string;
  report: string;
  note: string | null;
  holds: boolean;
  asked_at: string;
  asked_by: string;
  confirmed_at: string | null;
  confirmed_by: string | null;
  expires_at: string | null;
  lifted_at: string | null;
  lifted_by: string | null;
  lifted_because: string | null;
}

/** Why it should be marked: what the next operator should know. */
export interface StrikeIn {
  note?: string | null;
}

/** Strikes asked for within the days of the history, the newest first. */
export interface Strikes {
  strikes: Strike[];
}

/** Everything that a supervisor looks at, of one moment. `strikes`: those that wait for a second person. */
export interface Supervision {
  now: string;
  desks: Desk[];
  calls: ReportSummary[];
  open: OpenReports;
  worklist: WorklistTotals;
  strikes: Strike[];
  handovers: HandoverOfReports[];
  lamps: Lamp[];
  alarms: BoardAlarm[];
}

/** `over`: take it even from somebody else. */
export interface TakeIn {
  over?: boolean;
}

/** A report is the supervisor's now; `of`: whose it was. */
export interface TakenOver {
  number: string;
  of: string[];
}

/** How many of a number's reports since a time are of each class, and how many calls nobody answered. */
export interface Tally {
  since: string;
  normal: number;
  ghost: number;
  prank: number;
  information: number;
  unanswered: number;
}

/** What somebody at an agency said on the telephone; `by` is who. */
export interface TelephonedIn {
  answer: "accepted" | "rejected" | "en_route" | "on_scene" | "resolved";
  by: string;
  at?: string | null;
  sequence?: number | null;
  note?: string | null;
}

/** What came of a test letter: delivered is a 2xx, nothing else is. */
export interface Tested {
  id: string;
  delivered: boolean;
  outcome: string;
  status: number | null;
  latency_ms: number;
  detail: string;
}

/** Calls that arrived since the centre's midnight: `abandoned` and `unanswered` (otherwise) are of `ended`. */
export interface Today {
  since: string;
  arrived: number;
  ended: number;
  abandoned: number;
  unanswered: number;
  answering: Answering;
}

/** What may be known of a token: neither it nor its hash. `agency`: whose it is, by its code. `created_at`: when it was made, or renewed. `old_until`: so long an old one is honoured, too. */
export interface Token {
  name: string;
  role: string;
  agency: string | null;
  created_at: string;
  disabled_at: string | null;
  old_until: string | null;
}

/** A token to make. A `machine` opens reports of the source that is its name; the others do what people do. */
export interface TokenIn {
  name: string;
  role: "machine" | "operator" | "supervisor" | "admin";
}

/** All tokens by name, disabled ones too: their names stay taken. */
export interface Tokens {
  tokens: Token[];
}

/** Where to, a number or the one digit of a desk; `attended`: the desk asks there first, and the caller hears music meanwhile. */
export interface TransferIn {
  number: string;
  attended?: boolean;
}

/** How a trunk writes numbers: `strip` comes before all of them, `area` (`0328`) is left out before local ones, and what goes out over it begins like `out`: +62…, 62…, or 0… */
export interface TrunkNumbers {
  strip?: string | null;
  area?: string | null;
  out?: "e164" | "digits" | "national";
}

/** A dispatch that nobody at the agency has answered. */
export interface Unaccepted {
  report: string;
  agency: string;
  priority: string | null;
  kind: string | null;
  exercise: boolean;
  since: string;
  accept_by: string;
  overdue: boolean;
}

/** A person who logs in, or may not any more. */
export interface User {
  version: number;
  name: string;
  role: string;
  created_at: string;
  disabled_at: string | null;
}

/** What is to change of a person; each of it ends the person's sessions at once. */
export interface UserChangeIn {
  role?: "operator" | "supervisor" | "admin" | null;
  password?: string | null;
  disabled?: boolean | null;
}

/** A person who is to log in. */
export interface UserIn {
  name: string;
  role: "operator" | "supervisor" | "admin";
  password: string;
}

/** Everyone, by name. */
export interface Users {
  users: User[];
}

/** A whole new version of the rules, in their order. */
export interface VersionIn {
  based_on: number;
  effective_from?: string | null;
  note?: string;
  rules: RuleIn[];
}

/** Callers who wait for a human now; `longest_since`: since when the first of them has. */
export interface Waiting {
  count: number;
  longest_since: string | null;
}

/** A screen whose link counts. */
export interface Wall {
  name: string;
  made_at: string;
}

/** What a screen is called. */
export interface WallIn {
  name: string;
}

/** The numbers of the wallboard, as of `as_of`; `now` is the server's time. It holds nothing of callers. */
export interface Wallboard {
  now: string;
  as_of: string;
  waiting: Waiting;
  operators: Operators;
  today: Today;
  dispatches: BoardDispatches;
  hours: BoardHours;
  lamps: Lamp[];
}

/** The screens whose links count, the oldest first. */
export interface Walls {
  walls: Wall[];
}

/** Where it is, with every position in the order in which they were learnt, and the links that the caller got. */
export interface WholeLocation {
  text: string | null;
  lat: number | null;
  lon: number | null;
  method: string | null;
  radius_m: number | null;
  measured_at: string | null;
  place: string | null;
  place_name: string | null;
  positions: Position[];
  links: LocationLink[];
}

/** What is to become of one's telephone; `reason` is why there is a break. */
export interface WishIn {
  state: "ready" | "break";
  reason?: string | null;
}

/** The kecamatan a place lies in. */
export interface Within {
  code: string;
  name: string;
}

/** A name in both languages. */
export interface Words {
  id: string;
  en: string;
}

/** A name in both languages. */
export interface WordsIn {
  id: string;
  en: string;
}

/** Items, those that rang most often first, then the oldest. `owed`, `not_owed`: all that are open. `without_number`: calls of the last 24 hours that nobody answered and that gave no number: their reports are all there is. `owed_24h` above `daily_cap` is an alarm; nothing is left out. */
export interface Worklist {
  now: string;
  owed: number;
  not_owed: number;
  without_number: number;
  owed_24h: number;
  daily_cap: number;
  items: Item[];
}

/** Open items of the worklist: `owed` a call back (`unowned`: nobody took them), and not. */
export interface WorklistTotals {
  owed: number;
  unowned: number;
  oldest_due_at: string | null;
  not_owed: number;
  without_number: number;
}

/** Every operation of the desk. */
export interface Routes {
  "GET /api/v1/agencies": { takes: undefined; gives: Agencies; query: undefined };
  "POST /api/v1/agencies": { takes: AgencyIn; gives: AddedAgency; query: undefined };
  "POST /api/v1/agencies/{code}/api-key": { takes: ApiKeyIn; gives: AgencySettings; query: undefined };
  "POST /api/v1/agencies/{code}/caller-number": { takes: CallerNumberIn; gives: Agency; query: undefined };
  "GET /api/v1/agencies/{code}/deliveries": { takes: undefined; gives: DeliveryPage; query: { after?: string | null; limit?: number; } };
  "POST /api/v1/agencies/{code}/disable": { takes: DisableIn; gives: Agency; query: undefined };
  "POST /api/v1/agencies/{code}/enable": { takes: Nothing | null | undefined; gives: Agency; query: undefined };
  "POST /api/v1/agencies/{code}/pause": { takes: PauseIn; gives: Agency; query: undefined };
  "POST /api/v1/agencies/{code}/redrive": { takes: RedriveIn | null | undefined; gives: Redriven; query: undefined };
  "POST /api/v1/agencies/{code}/renew-token": { takes: RenewIn | null | undefined; gives: RenewedToken; query: undefined };
  "POST /api/v1/agencies/{code}/resume": { takes: Nothing | null | undefined; gives: Agency; query: undefined };
  "POST /api/v1/agencies/{code}/rotate-secret": { takes: RotateIn | null | undefined; gives: RotatedSecret; query: undefined };
  "GET /api/v1/agencies/{code}/settings": { takes: undefined; gives: AgencySettings; query: undefined };
  "PATCH /api/v1/agencies/{code}/settings": { takes: AgencyChangeIn; gives: AgencySettings; query: undefined };
  "POST /api/v1/agencies/{code}/test": { takes: Nothing | null | undefined; gives: Tested; query: undefined };
  "POST /api/v1/aml": { takes: { from: string; text: string; at?: string | null; }; gives: HandsetMessage; query: undefined };
  "GET /api/v1/aml": { takes: undefined; gives: KeptMessages; query: { limit?: number; } };
  "GET /api/v1/audit": { takes: undefined; gives: AuditPage; query: { before?: number | null; limit?: number; actor?: string | null; action?: string | null; subject?: string | null; } };
  "GET /api/v1/caller-rules": { takes: undefined; gives: Rules; query: undefined };
  "PUT /api/v1/caller-rules": { takes: RulesIn; gives: Rules; query: undefined };
  "GET /api/v1/calls": { takes: undefined; gives: Calls; query: undefined };
  "GET /api/v1/calls/callers": { takes: undefined; gives: RingingCallers; query: undefined };
  "GET /api/v1/controls/{control_id}": { takes: undefined; gives: Control; query: undefined };
  "GET /api/v1/desks": { takes: undefined; gives: Desks; query: undefined };
  "POST /api/v1/dispatches/{dispatch_id}/answers": { takes: TelephonedIn; gives: Answered; query: undefined };
  "GET /api/v1/dispatches/{dispatch_id}/answers": { takes: undefined; gives: KeptAnswers; query: undefined };
  "POST /api/v1/dispatches/{dispatch_id}/cancel": { takes: CancelIn; gives: Dispatch; query: undefined };
  "POST /api/v1/dispatches/{dispatch_id}/escalate": { takes: Nothing | null | undefined; gives: Escalated; query: undefined };
  "POST /api/v1/dispatches/{dispatch_id}/page-link": { takes: Nothing | null | undefined; gives: PageLink; query: undefined };
  "GET /api/v1/dispatches/{dispatch_id}/photos": { takes: undefined; gives: Photos; query: undefined };
  "GET /api/v1/dispatches/{dispatch_id}/photos/{number}": { takes: undefined; gives: undefined; query: undefined };
  "POST /api/v1/dispatches/{dispatch_id}/send-again": { takes: Nothing | null | undefined; gives: Dispatch; query: undefined };
  "GET /api/v1/dispositions": { takes: undefined; gives: Dispositions; query: undefined };
  "POST /api/v1/dispositions": { takes: NewDispositionIn; gives: Disposition; query: undefined };
  "PATCH /api/v1/dispositions/{code}": { takes: DispositionIn; gives: Disposition; query: undefined };
  "GET /api/v1/duplicate-limits": { takes: undefined; gives: LimitsOut; query: undefined };
  "PUT /api/v1/duplicate-limits": { takes: LimitsIn; gives: LimitsOut; query: undefined };
  "GET /api/v1/handovers": { takes: undefined; gives: Handovers; query: { waiting?: boolean; } };
  "POST /api/v1/handovers": { takes: HandoverIn; gives: HandoverOfReports; query: undefined };
  "POST /api/v1/handovers/{handover_id}/take": { takes: Nothing | null | undefined; gives: HandoverOfReports; query: undefined };
  "GET /api/v1/kinds": { takes: undefined; gives: Kinds; query: undefined };
  "POST /api/v1/kinds": { takes: NewKindIn; gives: Kind; query: undefined };
  "PATCH /api/v1/kinds/{code}": { takes: KindIn; gives: Kind; query: undefined };
  "POST /api/v1/links/{link_id}/undo": { takes: Nothing | null | undefined; gives: CallerLink; query: undefined };
  "GET /api/v1/live": { takes: undefined; gives: undefined; query: { after?: number | null; } };
  "GET /api/v1/map": { takes: undefined; gives: MapSources; query: undefined };
  "GET /api/v1/map/{name}": { takes: undefined; gives: undefined; query: undefined };
  "PUT /api/v1/map/{name}": { takes: undefined; gives: MapFile; query: undefined };
  "DELETE /api/v1/map/{name}": { takes: undefined; gives: Done; query: undefined };
  "GET /api/v1/my-reports": { takes: undefined; gives: MyReports; query: undefined };
  "GET /api/v1/open-reports": { takes: undefined; gives: OpenPage; query: { after?: string | null; limit?: number; } };
  "GET /api/v1/pilots": { takes: undefined; gives: Pilots; query: undefined };
  "POST /api/v1/pilots": { takes: PilotIn; gives: Pilot; query: undefined };
  "DELETE /api/v1/pilots/{pilot_id}": { takes: undefined; gives: undefined; query: undefined };
  "GET /api/v1/places": { takes: undefined; gives: Places; query: { q: string; limit?: number; } };
  "GET /api/v1/places/own": { takes: undefined; gives: OwnPlaces; query: undefined };
  "PUT /api/v1/places/own": { takes: OwnPlacesIn; gives: OwnPlaces; query: undefined };
  "POST /api/v1/queues/{queue}/members": { takes: MemberIn; gives: Control; query: undefined };
  "GET /api/v1/reports": { takes: undefined; gives: ReportPage; query: { after?: string | null; limit?: number; q?: string | null; kind?: string | null; status?: "open" | "working" | "dispatched" | "resolved" | "closed" | "reopened" | null; class?: "normal" | "ghost" | "prank" | "information" | "test" | null; from?: string | null; to?: string | null; } };
  "POST /api/v1/reports": { takes: ReportIn; gives: Report; query: undefined };
  "GET /api/v1/reports/{number}": { takes: undefined; gives: Report; query: undefined };
  "PATCH /api/v1/reports/{number}": { takes: ChangeIn; gives: Report; query: undefined };
  "POST /api/v1/reports/{number}/call-back": { takes: BodiesCallBackIn | null | undefined; gives: Control; query: undefined };
  "POST /api/v1/reports/{number}/call/consultation": { takes: ConsultationIn; gives: Control; query: undefined };
  "POST /api/v1/reports/{number}/call/hang-up": { takes: Nothing | null | undefined; gives: Control; query: undefined };
  "POST /api/v1/reports/{number}/call/transfer": { takes: TransferIn; gives: Control; query: undefined };
  "GET /api/v1/reports/{number}/caller": { takes: undefined; gives: CallerHistory; query: undefined };
  "POST /api/v1/reports/{number}/close": { takes: EndingIn; gives: Report; query: undefined };
  "POST /api/v1/reports/{number}/dispatches": { takes: DispatchIn; gives: DispatchDispatches; query: undefined };
  "GET /api/v1/reports/{number}/dispatches/proposed": { takes: undefined; gives: Proposals; query: undefined };
  "POST /api/v1/reports/{number}/disposition": { takes: EndingIn; gives: Report; query: undefined };
  "GET /api/v1/reports/{number}/duplicates": { takes: undefined; gives: Duplicates; query: undefined };
  "POST /api/v1/reports/{number}/duplicates": { takes: JoinIn; gives: Duplicates; query: undefined };
  "DELETE /api/v1/reports/{number}/duplicates": { takes: undefined; gives: Duplicates; query: undefined };
  "POST /api/v1/reports/{number}/duplicates/undo": { takes: Nothing | null | undefined; gives: Duplicates; query: undefined };
  "POST /api/v1/reports/{number}/entries": { takes: EntryIn; gives: Entry; query: undefined };
  "POST /api/v1/reports/{number}/entries/{entry_id}/strike": { takes: Nothing | null | undefined; gives: Entry; query: undefined };
  "POST /api/v1/reports/{number}/guide": { takes: GuideIn; gives: Report; query: undefined };
  "GET /api/v1/reports/{number}/links": { takes: undefined; gives: Links; query: undefined };
  "POST /api/v1/reports/{number}/links": { takes: CallerLinkIn; gives: CallerLink; query: undefined };
  "POST /api/v1/reports/{number}/location-link": { takes: LocationLinkIn | null | undefined; gives: NewLink; query: undefined };
  "POST /api/v1/reports/{number}/not-ours": { takes: NotOursIn; gives: Report; query: undefined };
  "POST /api/v1/reports/{number}/positions": { takes: PositionIn; gives: Position; query: undefined };
  "GET /api/v1/reports/{number}/presence": { takes: undefined; gives: Presences; query: undefined };
  "POST /api/v1/reports/{number}/presence": { takes: PresenceIn; gives: Presences; query: undefined };
  "DELETE /api/v1/reports/{number}/presence": { takes: undefined; gives: undefined; query: undefined };
  "GET /api/v1/reports/{number}/recording": { takes: undefined; gives: undefined; query: { play: string; } };
  "POST /api/v1/reports/{number}/recording/plays": { takes: PlayIn; gives: Play; query: undefined };
  "POST /api/v1/reports/{number}/reopen": { takes: ReopenIn | null | undefined; gives: Report; query: undefined };
  "POST /api/v1/reports/{number}/strike": { takes: StrikeIn; gives: Strike; query: undefined };
  "POST /api/v1/reports/{number}/take-over": { takes: Nothing | null | undefined; gives: TakenOver; query: undefined };
  "GET /api/v1/rules": { takes: undefined; gives: RulesInForce; query: undefined };
  "POST /api/v1/rules": { takes: VersionIn; gives: RulesVersion; query: undefined };
  "POST /api/v1/rules/simulate": { takes: SimulationIn; gives: Simulated; query: undefined };
  "GET /api/v1/rules/{version}": { takes: undefined; gives: RulesVersion; query: undefined };
  "GET /api/v1/sessions": { takes: undefined; gives: Sessions; query: undefined };
  "POST /api/v1/sessions/{session_id}/end": { takes: Nothing | null | undefined; gives: Done; query: undefined };
  "GET /api/v1/shift": { takes: undefined; gives: Desk; query: undefined };
  "POST /api/v1/shift": { takes: ShiftIn; gives: Desk; query: undefined };
  "POST /api/v1/shift/end": { takes: Nothing | null | undefined; gives: Ended; query: undefined };
  "POST /api/v1/shift/state": { takes: WishIn; gives: Desk; query: undefined };
  "POST /api/v1/shifts/{shift_id}/end": { takes: Nothing | null | undefined; gives: Ended; query: undefined };
  "GET /api/v1/state": { takes: undefined; gives: State; query: undefined };
  "GET /api/v1/strikes": { takes: undefined; gives: Strikes; query: undefined };
  "POST /api/v1/strikes/{strike_id}/confirm": { takes: Nothing | null | undefined; gives: Strike; query: undefined };
  "POST /api/v1/strikes/{strike_id}/lift": { takes: LiftIn; gives: Strike; query: undefined };
  "GET /api/v1/supervision": { takes: undefined; gives: Supervision; query: undefined };
  "GET /api/v1/tokens": { takes: undefined; gives: Tokens; query: undefined };
  "POST /api/v1/tokens": { takes: TokenIn; gives: NewToken; query: undefined };
  "POST /api/v1/tokens/{name}/disable": { takes: Nothing | null | undefined; gives: Done; query: undefined };
  "POST /api/v1/tokens/{name}/renew": { takes: RenewIn | null | undefined; gives: RenewedToken; query: undefined };
  "GET /api/v1/users": { takes: undefined; gives: Users; query: undefined };
  "POST /api/v1/users": { takes: UserIn; gives: User; query: undefined };
  "PATCH /api/v1/users/{name}": { takes: UserChangeIn; gives: User; query: undefined };
  "POST /api/v1/users/{name}/end-sessions": { takes: Nothing | null | undefined; gives: Done; query: undefined };
  "GET /api/v1/wallboard": { takes: undefined; gives: Wallboard; query: undefined };
  "GET /api/v1/walls": { takes: undefined; gives: Walls; query: undefined };
  "POST /api/v1/walls": { takes: WallIn; gives: NewWall; query: undefined };
  "POST /api/v1/walls/{name}/revoke": { takes: Nothing | null | undefined; gives: Done; query: undefined };
  "GET /api/v1/worklist": { takes: undefined; gives: Worklist; query: { closed?: boolean; owed?: boolean | null; owner?: string | null; order?: "rings" | "due"; limit?: number; offset?: number; } };
  "GET /api/v1/worklist/{item_id}": { takes: undefined; gives: Item; query: undefined };
  "POST /api/v1/worklist/{item_id}/call-back": { takes: CallerCallBackIn | null | undefined; gives: Control; query: undefined };
  "POST /api/v1/worklist/{item_id}/close": { takes: CloseIn; gives: Item; query: undefined };
  "POST /api/v1/worklist/{item_id}/steps": { takes: StepIn; gives: Item; query: undefined };
  "POST /api/v1/worklist/{item_id}/take": { takes: TakeIn | null | undefined; gives: Item; query: undefined };
  "GET /readyz": { takes: undefined; gives: Ready; query: undefined };
}
