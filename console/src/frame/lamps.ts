// Services as people see them: one lamp for all processes that do the same. Of a bridge or its hand there is one for each PBX.
import type { Service } from "../api/schema.ts";

export interface Lamp {
  name: string;
  source: string;
  pbx: string | null;
  /** At least one of them is well. */
  well: boolean;
  /** Of the best of them; null: none is heard. */
  state: string | null;
  detail: string;
}

const DOWN = new Set(["disconnected", "connecting", "stopped"]);
const OF_A_PBX = new Set(["bridge", "control"]);

/** The lamps, first those that are not well: the line they stand in may be too short for all. */
export function lampsOf(services: readonly Service[]): Lamp[] {
  const groups = new Map<string, Service[]>();
  for (const service of services) {
    const [source = "", pbx] = service.name.split(":");
    const name = OF_A_PBX.has(source) && pbx ? `${source}:${pbx}` : source;
    groups.set(name, [...(groups.get(name) ?? []), service]);
  }
  const lamps = [...groups].map(([name, same]) => {
    const well = (service: Service): boolean => service.fresh && !DOWN.has(service.state);
    const best = same.find(well) ?? same.find(({ fresh }) => fresh);
    const [source = "", pbx] = name.split(":");
    const detail = same.filter((service) => !well(service)).map((service) => `${service.name}: ${service.detail || service.state}`);
    return { name, source, pbx: pbx ?? null, well: same.some(well), state: best?.state ?? null, detail: detail.join("; ") };
  });
  return lamps.sort((a, b) => Number(a.well) - Number(b.well));
}
