"""What is in a map file, and whether the desk's map can draw it. Reads and computes, nothing else.

PMTiles: https://github.com/protomaps/PMTiles/blob/main/spec/v3/spec.md. GeoJSON: RFC 7946. What is drawn is what
`console/src/map/drawing.ts` draws: of PMTiles the layers of a Protomaps basemap, of GeoJSON all geometries, and the
names (property `name`) of points.
"""

import os
import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO, Final, Literal

import msgspec

from intake.map_refusals import MOST_MB, UnfitMapError

Kind = Literal["pmtiles", "geojson"]
MOST_BYTES: Final = {kind: size << 20 for kind, size in MOST_MB.items()}
LAYERS: Final = frozenset({"earth", "landcover", "landuse", "water", "roads", "buildings", "boundaries", "places"})
_HEAD: Final = 127  # bytes
_MOST_METADATA: Final = 4 << 20
_TILES: Final = {0: "unknown", 2: "PNG", 3: "JPEG", 4: "WebP", 5: "AVIF", 6: "MLT"}
_PRESSED: Final = {3: "brotli", 4: "zstd"}
_GZIP: Final = 2
_FARTHEST_ZOOM: Final = 22
_WGS84: Final = ("CRS84", "EPSG::4326", "EPSG:4326")
_DEPTHS: Final = {"Point": 0, "MultiPoint": 1, "LineString": 1, "MultiLineString": 2, "Polygon": 2, "MultiPolygon": 3}


@dataclass(frozen=True, slots=True)
class About:
    """What is in a file: the area (degrees), of PMTiles the zooms, of GeoJSON how many features, and names shown."""

    west: float
    south: float
    east: float
    north: float
    min_zoom: int | None = None
    max_zoom: int | None = None
    features: int | None = None
    named: int | None = None


def look(kind: Kind, file: BinaryIO) -> About:
    """Return what is in a file. Raises UnfitMapError, OSError."""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    if kind == "pmtiles":
        return _pmtiles(file, size)
    if size > MOST_BYTES[kind]:
        raise UnfitMapError("too_large", most=MOST_MB[kind])
    return _geojson(file.read())


def _pmtiles(file: BinaryIO, size: int) -> About:
    head = file.read(_HEAD)
    if len(head) < _HEAD or not head.startswith(b"PMTiles"):
        raise UnfitMapError("not_pmtiles")
    if head[7] != 3:
        raise UnfitMapError("old_pmtiles", version=head[7])
    spans: list[tuple[int, int]] = list(
        struct.iter_unpack("<QQ", head[8:72])
    )  # root directory, metadata, leaf directories, tiles
    needs = max(start + length for start, length in spans)
    if needs > size:
        raise UnfitMapError("cut_off", needs=needs, has=size)
    inner, outer, tiles, min_zoom, max_zoom = head[97:102]
    for pressed in (inner, outer):
        if pressed > _GZIP:
            raise UnfitMapError("compression", type=_PRESSED.get(pressed, pressed))
    if tiles != 1:
        raise UnfitMapError("no_vector", type=_TILES.get(tiles, tiles))
    root = _opened(file, spans[0], inner)
    if spans[3][1] == 0 or root[:1] in (b"", b"\0"):
        raise UnfitMapError("no_tiles")
    if not min_zoom <= max_zoom <= _FARTHEST_ZOOM:
        raise UnfitMapError("zooms", **{"from": min_zoom, "to": max_zoom})
    west, south, east, north = (one / 10_000_000 for one in struct.unpack("<iiii", head[102:118]))
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
        raise UnfitMapError("bounds", west=west, south=south, east=east, north=north)
    layers = _layers(_opened(file, spans[1], inner))
    if layers and not LAYERS.intersection(layers):
        raise UnfitMapError("other_layers", found=", ".join(layers))
    return About(west, south, east, north, min_zoom=min_zoom, max_zoom=max_zoom)


def _opened(file: BinaryIO, span: tuple[int, int], pressed: int) -> bytes:
    start, length = span
    file.seek(start)
    text = file.read(min(length, _MOST_METADATA))
    if pressed != _GZIP:
        return text
    try:
        return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(text, _MOST_METADATA)
    except zlib.error:
        raise UnfitMapError("not_pmtiles") from None


def _layers(metadata: bytes) -> list[str]:
    """Return the names of its layers; none where it does not say."""
    try:
        layers = msgspec.json.decode(metadata)["vector_layers"]
        return [str(one["id"]) for one in layers]
    except (msgspec.DecodeError, RecursionError, LookupError, TypeError):
        return []


def _geojson(text: bytes) -> About:
    try:
        found: Any = msgspec.json.decode(text.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UnfitMapError("not_json", error=error) from None
    kind = found.get("type") if isinstance(found, dict) else type(found).__name__
    if kind != "FeatureCollection" or not isinstance(found.get("features"), list):
        raise UnfitMapError("not_collection", type=kind)
    if (crs := found.get("crs")) is not None and not str(name := _crs(crs)).upper().endswith(_WGS84):
        raise UnfitMapError("not_wgs84", crs=name)
    return _around(found["features"])


def _crs(crs: Any) -> object:
    try:
        return crs["properties"]["name"]
    except (LookupError, TypeError):
        return crs


def _around(features: list[Any]) -> About:
    west, south, east, north = 180.0, 90.0, -180.0, -90.0
    seen = named = 0
    for n, feature in enumerate(features, 1):
        geometry = feature.get("geometry") if isinstance(feature, dict) else feature
        if geometry is None:
            continue  # is nowhere, and is not drawn
        for lon, lat in _positions(geometry, n):
            if not (-180 <= lon <= 180 and -90 <= lat <= 90):
                raise UnfitMapError("out_of_range", n=n, lon=lon, lat=lat)
            west, south, east, north = min(west, lon), min(south, lat), max(east, lon), max(north, lat)
        seen += 1
        named += _is_named(feature.get("properties"), geometry["type"])
    if not seen:
        raise UnfitMapError("no_features")
    return About(west, south, east, north, features=len(features), named=named)


def _is_named(properties: object, kind: str) -> bool:
    return "Point" in kind and isinstance(properties, Mapping) and properties.get("name") not in (None, "")


def _positions(geometry: Any, n: int) -> Iterator[tuple[float, float]]:
    kind = geometry.get("type") if isinstance(geometry, dict) else type(geometry).__name__
    if kind == "GeometryCollection":
        for one in _list(geometry.get("geometries"), n):
            yield from _positions(one, n)
    elif kind in _DEPTHS:
        yield from _within(geometry.get("coordinates"), _DEPTHS[kind], n)
    else:
        raise UnfitMapError("geometry", n=n, type=kind)


def _within(value: Any, depth: int, n: int) -> Iterator[tuple[float, float]]:
    if depth:
        for one in _list(value, n):
            yield from _within(one, depth - 1, n)
        return
    match value:
        case [int() | float() as lon, int() | float() as lat, *_] if not isinstance(lon, bool):
            yield lon, lat
        case _:
            raise UnfitMapError("no_position", n=n)


def _list(value: Any, n: int) -> list[Any]:
    if not isinstance(value, list) or not value:
        raise UnfitMapError("no_position", n=n)
    return value
