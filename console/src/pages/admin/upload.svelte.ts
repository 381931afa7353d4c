// A map file on its way to the server. It goes on, and is told of, whichever section somebody looks at meanwhile.
import { send } from "../../api/client.ts";
import type { MapFile } from "../../api/schema.ts";

class Upload {
  /** What is being sent, under which name; null: nothing. */
  name = $state<string | null>(null);
  sent = $state(0);
  total = $state(0);
  private stop = new AbortController();

  /** Send it. Throws what `send` throws. */
  async run(file: File, name: string, version: number | undefined): Promise<MapFile> {
    Object.assign(this, { name, sent: 0, total: file.size, stop: new AbortController() });
    try {
      const sent = (bytes: number): void => void (this.sent = Math.min(bytes, file.size));
      return await send("PUT /api/v1/map/{name}", { name }, file, { version, signal: this.stop.signal, sent });
    } finally {
      this.name = null;
    }
  }

  /** Whether somebody has ended it. */
  get ended(): boolean {
    return this.stop.signal.aborted;
  }

  end(): void {
    this.stop.abort();
  }
}

export const upload = new Upload();
