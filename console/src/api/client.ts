// The one door to the server: `ask("PATCH /api/v1/reports/{number}", { path: { number }, body, version })`.
// Which bodies, answers and queries there are, the compiler knows from the API's own description (schema.ts).
import type { Problem, Routes, Sides } from "./schema.ts";

export type Route = keyof Routes;
type Named<R extends string> = R extends `${string}{${infer Name}}${infer Rest}` ? Name | Named<Rest> : never;

export interface Question<R extends Route> {
  /** What stands in the braces of the route. */
  path?: Record<Named<R>, string | number>;
  query?: Routes[R]["query"];
  body?: Routes[R]["takes"];
  /** The version that the change was made on; it goes out as If-Match. */
  version?: number;
  signal?: AbortSignal;
}

/** The server answered, and not with what was asked for. `code` is for programs, `message` the server's sentence. */
export class Refusal extends Error {
  readonly status: number;
  readonly code: string;
  readonly problem: Partial<Problem>;
  readonly conflicts: Record<string, Sides> | null;
  readonly currentVersion: number | null;
  /** What was asked for, as `deedOf` names it. */
  deed = "";

  constructor(status: number, problem: Partial<Problem> & { conflicts?: Record<string, Sides>; current_version?: number }) {
    super(problem.message ?? `HTTP ${status}`);
    this.status = status;
    this.code = problem.error ?? "unknown";
    this.problem = problem;
    this.conflicts = problem.conflicts ?? null;
    this.currentVersion = problem.current_version ?? null;
  }
}

/** Nobody answered, or nobody could save: the same request may be sent again. Whether it was done is not known. */
export class Unreachable extends Error {
  deed = "";
}

const ANSWER_WITHIN_MS = 12_000;
const STALLED_AFTER_MS = 120_000; // of a file: the server looks into a large one, too
const AGAIN = new Set([500, 502, 503, 504]);
let loggedOut: () => void = () => undefined;
let done: (deed: string) => void = () => undefined;
let token = "";

/** Speak with a token instead of a session, from now on. */
export function speakAs(theirs: string): void {
  token = theirs;
}

/** Say what happens when the server says that nobody is logged in any more. */
export function onLoggedOut(then: () => void): void {
  loggedOut = then;
}

/** Say what happens when something that was asked for is done; `deed` is its name. */
export function onDone(then: (deed: string) => void): void {
  done = then;
}

/** The name of what is asked for: its method and address, without the query. */
export const deedOf = (route: Route, path?: Record<string, string | number>): string =>
  `${route.split(" ")[0] ?? ""} ${addressOf(route, path)}`;

export function addressOf(route: string, path: Record<string, string | number> = {}, query: object = {}): string {
  const filled = route.replace(/^[A-Z]+ /, "").replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(path[name] ?? ""));
  const asked = Object.entries(query).filter(([, value]) => value !== undefined && value !== null);
  return asked.length ? `${filled}?${new URLSearchParams(asked.map(([name, value]) => [name, String(value)]))}` : filled;
}

/**
 * Ask the server.
 * @throws Refusal when it refuses, Unreachable when it does not answer within 12 s or cannot save.
 */
export async function ask<R extends Route>(route: R, question: Question<R> = {}): Promise<Routes[R]["gives"]> {
  const deed = deedOf(route, question.path);
  try {
    const answer = await answered(route, question);
    done(deed);
    return answer;
  } catch (error) {
    if (error instanceof Refusal || error instanceof Unreachable) error.deed = deed;
    throw error;
  }
}

async function answered<R extends Route>(route: R, question: Question<R>): Promise<Routes[R]["gives"]> {
  const headers: Record<string, string> = {};
  const options: RequestInit = { method: route.split(" ")[0] ?? "GET", headers, cache: "no-store" };
  if (token) headers["Authorization"] = `Bearer ${token}`;
  if (question.body !== undefined) {
    headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(question.body);
  }
  if (question.version !== undefined) headers["If-Match"] = `"${question.version}"`;
  const limit = AbortSignal.timeout(ANSWER_WITHIN_MS);
  options.signal = question.signal ? AbortSignal.any([limit, question.signal]) : limit;
  let answer: Response;
  try {
    answer = await fetch(addressOf(route, question.path, question.query ?? {}), options);
  } catch (error) {
    throw new Unreachable(String(error));
  }
  if (!answer.ok) throw refused(answer.status, await answer.json().catch(() => ({})));
  if (answer.status === 204) return undefined as Routes[R]["gives"];
  try {
    return (await answer.json()) as Routes[R]["gives"];
  } catch (error) {
    throw new Unreachable(String(error)); // it broke off in the middle
  }
}

function refused(status: number, problem: Partial<Problem>): Refusal | Unreachable {
  if (status === 401) loggedOut();
  return AGAIN.has(status) ? new Unreachable(`HTTP ${status}`) : new Refusal(status, problem);
}

interface Sending {
  version?: number | undefined;
  signal: AbortSignal;
  /** Told how many bytes are on their way. */
  sent: (bytes: number) => void;
}

/**
 * Send a file as the body, for as long as that goes on.
 * @throws Refusal when the server refuses, Unreachable when it does not answer, nothing goes on for two minutes, or `signal` ends it.
 */
export function send<R extends Route>(route: R, path: Record<Named<R>, string>, file: Blob, sending: Sending): Promise<Routes[R]["gives"]> {
  return new Promise((resolve, reject) => {
    const asked = new XMLHttpRequest(); // `fetch` does not tell how far it is
    let patience = 0;
    const goesOn = (): void => {
      clearTimeout(patience);
      patience = setTimeout(() => asked.abort(), STALLED_AFTER_MS);
    };
    asked.open(route.split(" ")[0] ?? "PUT", addressOf(route, path));
    asked.responseType = "json";
    asked.setRequestHeader("Content-Type", "application/octet-stream");
    if (sending.version !== undefined) asked.setRequestHeader("If-Match", `"${sending.version}"`);
    asked.upload.onprogress = ({ loaded }) => {
      goesOn();
      sending.sent(loaded);
    };
    asked.onload = () => {
      if (asked.status < 200 || asked.status > 299) return reject(refused(asked.status, (asked.response ?? {}) as Partial<Problem>));
      done(deedOf(route, path));
      resolve(asked.response as Routes[R]["gives"]);
    };
    asked.onerror = asked.onabort = () => reject(new Unreachable("it broke off"));
    asked.onloadend = () => clearTimeout(patience);
    sending.signal.addEventListener("abort", () => asked.abort());
    goesOn();
    asked.send(file);
  });
}
