// What a centre has set and screens need everywhere: kinds with their guides, agencies, dispositions.
import { ask } from "./api/client.ts";
import type { Agency, Disposition, Kind } from "./api/schema.ts";
import { live } from "./live/live.svelte.ts";
import { named } from "./words/words.ts";

class Catalogue {
  kinds = $state.raw<Kind[]>([]);
  agencies = $state.raw<Agency[]>([]);
  dispositions = $state.raw<Disposition[]>([]);

  start(): void {
    live.on("agency", () => void this.readAgencies());
    live.on("settings", () => void this.read());
  }

  /** Read all of it. Throws what `ask` throws. */
  async read(): Promise<void> {
    const [{ kinds }, { agencies }, { dispositions }] = await Promise.all([
      ask("GET /api/v1/kinds"),
      ask("GET /api/v1/agencies"),
      ask("GET /api/v1/dispositions"),
    ]);
    Object.assign(this, { kinds, agencies, dispositions });
  }

  kindName(code: string | null): string | null {
    const kind = this.kinds.find((one) => one.code === code);
    return kind ? named(kind.name) : code;
  }

  agencyName(code: string): string {
    return this.agencies.find((one) => one.code === code)?.name ?? code;
  }

  private async readAgencies(): Promise<void> {
    this.agencies = (await ask("GET /api/v1/agencies")).agencies;
  }
}

export const catalogue = new Catalogue();
