import assert from "node:assert/strict";
import { test } from "node:test";
import { Feed, type Source } from "./feed.ts";
import type { FeedMessage } from "./messages.ts";

class Stream implements Source {
  readyState = 1;
  closed = false;
  readonly heard = new Map<string, (event: MessageEvent<string>) => void>();
  readonly url: string;
  constructor(url: string) {
    this.url = url;
  }
  addEventListener(type: string, then: (event: MessageEvent<string>) => void): void {
    this.heard.set(type, then);
  }
  close(): void {
    this.closed = true;
  }
  say(type: string, data: object): void {
    this.heard.get(type)?.({ data: JSON.stringify(data) } as MessageEvent<string>);
  }
}

function feed(): { streams: Stream[]; told: FeedMessage[]; feed: Feed } {
  const streams: Stream[] = [];
  const told: FeedMessage[] = [];
  const made = new Feed(
    (url) => {
      const stream = new Stream(url);
      streams.push(stream);
      return stream;
    },
    (message) => told.push(message),
  );
  made.start();
  return { streams, told, feed: made };
}

test("the first thing heard says from where on nothing is missed", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { streams, told } = feed();
  assert.equal(streams[0]?.url, "/api/v1/live");
  streams[0]?.say("heartbeat", { seq: 7, at: "2026-11-26T10:00:00Z" });
  streams[0]?.say("report", { seq: 8, kind: "report", subject: "112-20261126-0001", version: 2, at: "" });
  assert.deepEqual(told.map((message) => message.type), ["listening", "heartbeat", "change"]);
});

test("a stream that was refused is opened again behind the last event", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { streams } = feed();
  streams[0]?.say("heartbeat", { seq: 7, at: "" });
  Object.assign(streams[0] ?? {}, { readyState: 2 });
  streams[0]?.say("error", {});
  t.mock.timers.tick(2_000);
  assert.equal(streams[1]?.url, "/api/v1/live?after=7");
});

test("a stream that breaks and that the browser opens again is left to it", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { streams } = feed();
  Object.assign(streams[0] ?? {}, { readyState: 0 });
  streams[0]?.say("error", {});
  t.mock.timers.tick(10_000);
  assert.equal(streams.length, 1);
});

test("a stream that says nothing for twenty seconds is opened anew", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { streams, feed: made } = feed();
  streams[0]?.say("heartbeat", { seq: 7, at: "" });
  t.mock.timers.tick(19_999);
  assert.equal(streams.length, 1);
  t.mock.timers.tick(1);
  assert.equal(streams[0]?.closed, true);
  assert.equal(streams[1]?.url, "/api/v1/live?after=7");
  made.stop();
});
