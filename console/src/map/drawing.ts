// The map itself, by Leaflet: loaded only where a map is shown. Land is our own outline; streets and areas are the centre's
// own files. No tile server, no font, no picture from anywhere. Colours are classes (Map.svelte), so both themes have theirs.
import L from "leaflet";
import "leaflet/dist/leaflet.css";
import outline from "virtual:outline";
import type { MapFile, MapSources } from "../api/schema.ts";
import { type Mark, rankOf } from "./marks.ts";
import { pointsOf } from "./rings.ts";

const INDONESIA: L.LatLngBoundsExpression = [[-11, 95], [6, 141]];
const NEAREST_BY_ITSELF = { withStreets: 14, withoutStreets: 11 }; // a coast of 1 : 10 million says nothing nearer
const SIDES = [["right", [8, 0]], ["left", [-8, 0]], ["bottom", [0, 8]], ["top", [0, -8]]] as const satisfies [L.Direction, L.PointTuple][];
export type Span = [[number, number], [number, number]];

export class Drawing {
  private readonly map: L.Map;
  private readonly marks = L.layerGroup();
  private readonly shapes = L.layerGroup();
  private named: { rank: number; tooltip: L.Tooltip }[] = []; // those first that must be read
  private pin: L.Marker | null = null;
  private streets: L.Layer | null = null;
  private turn = 0;

  /** `picked` is told where somebody pressed, or asked by the keyboard for the middle. */
  constructor(box: HTMLElement, spoken: { zoomIn: string; zoomOut: string }, picked: (lat: number, lon: number) => void) {
    this.map = L.map(box, { attributionControl: false, zoomControl: false, maxZoom: 18, zoomAnimation: false, fadeAnimation: false });
    this.map.createPane("land").style.zIndex = "150"; // under the streets
    this.map.createPane("pin").style.zIndex = "660"; // above all names
    L.control.zoom({ zoomInTitle: spoken.zoomIn, zoomOutTitle: spoken.zoomOut }).addTo(this.map);
    L.control.scale({ imperial: false }).addTo(this.map);
    for (const whose of ["near", "own"] as const)
      for (const rings of outline[whose])
        L.polygon(rings.map(pointsOf), { pane: "land", className: `land ${whose}`, interactive: false }).addTo(this.map);
    this.shapes.addTo(this.map);
    this.marks.addTo(this.map);
    this.map.fitBounds(INDONESIA);
    this.map.panBy = (by) => L.Map.prototype.panBy.call(this.map, by, { animate: false }); // the middle is where the cross is
    this.map.on("zoomend resize", () => this.part());
    this.map.on("click", ({ latlng }) => picked(latlng.lat, latlng.lng));
  }

  /** Where the cross in the middle is. */
  get middle(): { lat: number; lon: number } {
    const { lat, lng } = this.map.getCenter();
    return { lat, lon: lng };
  }

  look(span: Span, streets: boolean): void {
    const maxZoom = NEAREST_BY_ITSELF[streets ? "withStreets" : "withoutStreets"];
    this.map.fitBounds(span, { maxZoom, padding: [24, 24], animate: false });
  }

  /** The box has another size now. */
  fit(): void {
    this.map.invalidateSize({ animate: false });
  }

  /** No name lies over another: it stands on another side, or goes until somebody looks nearer. Its dot stays. */
  private part(): void {
    const taken: DOMRect[] = [];
    for (const { tooltip: name } of this.named) {
      const box = name.getElement();
      if (!box) continue;
      const free = SIDES.some(([side, offset]) => {
        name.options.direction = side;
        name.options.offset = offset;
        name.update();
        return !taken.some((other) => meet(other, box.getBoundingClientRect()));
      });
      box.style.visibility = free ? "" : "hidden";
      if (free) taken.push(box.getBoundingClientRect());
    }
  }

  show(marks: readonly Mark[], name: (mark: Mark) => string): void {
    this.marks.clearLayers();
    this.named = [];
    for (const mark of marks) {
      const at: L.LatLngTuple = [mark.lat, mark.lon];
      const look = `${mark.sort} ${mark.priority ?? ""}`;
      if (mark.radius_m && mark.sort !== "other")
        L.circle(at, { radius: mark.radius_m, className: `circle ${mark.sort}`, interactive: false }).addTo(this.marks);
      const dot = L.marker(at, { icon: iconOf(look), keyboard: false, interactive: false, zIndexOffset: mark.sort === "holds" ? 1_000 : 0 });
      dot.bindTooltip(said(name(mark)), { permanent: true, direction: "right", className: `said ${look}`, offset: [8, 0] });
      dot.addTo(this.marks);
      const tooltip = dot.getTooltip();
      if (tooltip) this.named.push({ rank: rankOf(mark), tooltip });
    }
    this.named.sort((one, other) => one.rank - other.rank);
    this.part();
  }

  /** Where a pin would go, until it is taken or not. */
  propose(place: { lat: number; lon: number } | null): void {
    this.pin?.remove();
    this.pin = place && L.marker([place.lat, place.lon], { icon: iconOf("pin"), pane: "pin", keyboard: false, interactive: false }).addTo(this.map);
  }

  /**
   * Draw the centre's own files, in the place of those that are drawn. Returns the names of those that could not be read; null
   * when it was called again meanwhile, which says it.
   */
  async draw(given: MapSources, theme: "night" | "day", language: string): Promise<string[] | null> {
    const turn = ++this.turn;
    const failed: string[] = [];
    const shapes: L.Layer[] = [];
    let streets: L.Layer | null = null;
    for (const file of given.files) {
      if (!file.drawn) continue;
      try {
        if (file.type === "geojson") shapes.push(await this.areas(file.url));
        else streets = await this.tiles(file, theme, language);
      } catch {
        failed.push(file.name);
      }
    }
    if (turn !== this.turn) return null;
    this.shapes.clearLayers();
    for (const one of shapes) one.addTo(this.shapes);
    this.streets?.remove();
    this.streets = streets?.addTo(this.map) ?? null;
    return failed;
  }

  end(): void {
    this.turn++; // what is being read is not drawn any more
    this.map.remove();
  }

  private async areas(url: string): Promise<L.Layer> {
    const answer = await fetch(url);
    if (!answer.ok) throw new Error(String(answer.status));
    return L.geoJSON((await answer.json()) as GeoJSON.GeoJsonObject, {
      style: { className: "area" },
      interactive: false,
      pointToLayer: ({ properties }, at) => {
        const name = String((properties as Record<string, unknown> | null)?.["name"] ?? "");
        const dot = L.marker(at, { icon: iconOf("post"), keyboard: false, interactive: false });
        return name ? dot.bindTooltip(said(name), { permanent: true, direction: "right", className: "said post" }) : dot;
      },
    });
  }

  private async tiles({ url, max_zoom }: MapFile, theme: "night" | "day", language: string): Promise<L.Layer> {
    Object.assign(globalThis, { L }); // the layer takes Leaflet from there
    const start = await fetch(url, { headers: { Range: "bytes=0-6" } });
    if (!start.ok || !(await start.text()).startsWith("PMTiles")) throw new Error("no PMTiles");
    const { leafletLayer } = await import("protomaps-leaflet");
    const flavor = theme === "night" ? "dark" : "light";
    const maxDataZoom = max_zoom ?? 15; // nearer, its last zoom is drawn larger
    return leafletLayer({ url, flavor, lang: language, attribution: "", maxDataZoom }) as unknown as L.Layer;
  }
}

/** Leaflet takes a text for HTML, and what people wrote is none. */
function said(text: string): HTMLElement {
  const box = document.createElement("span");
  box.textContent = text;
  return box;
}

const meet = (one: DOMRect, other: DOMRect): boolean =>
  one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom;

const iconOf = (look: string): L.DivIcon => L.divIcon({ className: `mark ${look}`, html: "", iconSize: [14, 14] });
