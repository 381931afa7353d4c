// One stream for all tabs: over HTTP/1.1 a browser opens six connections to a host, and a seventh tab would hang.
import { Feed } from "./feed.ts";
import type { FeedMessage, TabMessage } from "./messages.ts";

const tabs = new Set<MessagePort>();
const feed = new Feed((url) => new EventSource(url), tell);

function tell(message: FeedMessage): void {
  for (const tab of tabs) tab.postMessage(message);
}

addEventListener("connect", (event) => {
  const port = (event as MessageEvent).ports[0];
  if (!port) return;
  port.onmessage = ({ data }: MessageEvent<TabMessage>) => {
    if (data.type === "bye") {
      tabs.delete(port);
      if (!tabs.size) feed.stop();
      return;
    }
    tabs.add(port);
    if (tabs.size === 1) feed.start();
    else if (feed.seq !== null) port.postMessage({ type: "listening", seq: feed.seq } satisfies FeedMessage);
  };
});
