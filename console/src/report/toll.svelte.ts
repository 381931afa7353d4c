// What is urgent on a page: kept current, sounded until somebody looks, in whichever tab of this browser. `operator/overdue`
// and the supervisor's page have one.
import { clock, spell, timeOf } from "../clock.svelte.ts";
import { catalogue } from "../catalogue.svelte.ts";
import { sound } from "../frame/sound.svelte.ts";
import { fill, words } from "../words/words.ts";
import { Tolling } from "./tolling.ts";
import type { Urgent } from "./urgent.ts";

const LOOK_EVERY_MS = 1_000;

export class Toll {
  /** What is urgent: what nobody has looked at yet first, then the longest so. */
  list = $state.raw<Urgent[]>([]);
  private readonly tolling = new Tolling();
  private readonly find: () => Urgent[];
  private readonly sees: (one: Urgent) => boolean;

  /** `sees`: whether whoever presses something on this page looks at it. */
  constructor(find: () => Urgent[], sees: (one: Urgent) => boolean) {
    this.find = find;
    this.sees = sees;
  }

  /** Listen while the page is shown; returns what ends that. */
  start(): () => void {
    const timer = setInterval(() => this.look(), LOOK_EVERY_MS);
    const tabs = new BroadcastChannel("intake112.seen");
    tabs.onmessage = ({ data }: MessageEvent<string[]>) => this.tolling.look(data);
    const pressed = (): void => {
      const keys = this.list.filter(this.sees).map(({ key }) => key);
      this.tolling.look(keys);
      if (keys.length) tabs.postMessage(keys);
    };
    addEventListener("click", pressed); // after whatever it did: a press that brings a report in front is a look at it
    addEventListener("keyup", pressed);
    return () => {
      clearInterval(timer);
      tabs.close();
      removeEventListener("click", pressed);
      removeEventListener("keyup", pressed);
    };
  }

  private look(): void {
    const found = this.find();
    const due = this.tolling.due(found.map(({ key }) => key), performance.now());
    if (due.length) sound.play("overdue", due);
    const order = (one: Urgent): number => Number(this.tolling.isSeen(one.key));
    this.list = found.sort((a, b) => order(a) - order(b) || a.since.localeCompare(b.since));
  }
}

/** "▲ Damkar terlambat 2:10" */
export function urgentWords({ agency, cause, since }: Urgent): string {
  const time = cause === "silent" ? timeOf(since) : spell(clock.seconds(since), words.frame.seconds);
  return fill(words.urgent[cause], { agency: catalogue.agencyName(agency), time });
}
