// Night or day, and how large: kept for each person. The colours are in tokens.css.
import { prefer, preference } from "../preferences.ts";

export type Theme = "night" | "day";
const ZOOMS = [90, 100, 110, 125, 150] as const;

class Look {
  theme = $state<Theme>(preference("theme") === "day" ? "day" : "night");
  zoom = $state<number>(ZOOMS.find((zoom) => String(zoom) === preference("zoom")) ?? 100);

  apply(): void {
    document.documentElement.dataset["theme"] = this.theme;
    document.documentElement.style.fontSize = `${(15 * this.zoom) / 100}px`;
  }

  turn(): void {
    this.theme = this.theme === "night" ? "day" : "night";
    prefer("theme", this.theme);
    this.apply();
  }

  /** One step larger (1) or smaller (-1). */
  step(by: 1 | -1): void {
    const index = ZOOMS.findIndex((zoom) => zoom === this.zoom);
    this.zoom = ZOOMS[Math.min(ZOOMS.length - 1, Math.max(0, index + by))] ?? 100;
    prefer("zoom", String(this.zoom));
    this.apply();
  }
}

export const look = new Look();
