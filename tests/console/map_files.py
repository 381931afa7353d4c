"""A centre's own map files, small and made by hand: one tile of streets as PMTiles, one boundary as GeoJSON.

PMTiles: https://github.com/protomaps/PMTiles/blob/main/spec/v3/spec.md; the tile:
https://github.com/mapbox/vector-tile-spec/tree/master/2.1
"""

import json
import struct
from pathlib import Path


def varint(value: int) -> bytes:
    """Return protobuf's form of a number that is not negative."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def field(number: int, value: bytes | int) -> bytes:
    """Return a protobuf field."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def zigzag(value: int) -> int:
    """Return a signed number as vector tiles write it."""
    return value << 1 ^ (value >> 63)


def tile() -> bytes:
    """A tile whose layer `water` is one square over all of it."""
    corners = [9, 0, 0, 26, *map(zigzag, (4096, 0, 0, 4096, -4096, 0)), 15]  # move, three lines, close
    square = field(3, 3) + field(4, b"".join(map(varint, corners)))
    return field(3, field(15, 2) + field(1, b"water") + field(2, square) + field(5, 4096))


def pmtiles() -> bytes:
    """A file with this one tile, at zoom 0."""
    data, metadata = tile(), b'{"vector_layers":[{"id":"water","fields":{}}]}'
    root = b"".join(map(varint, (1, 0, 1, len(data), 1)))  # one entry: its id, how many, how long, where
    start = 127
    spans = [(start, len(root)), (start + len(root), len(metadata)), (start + len(root) + len(metadata), 0)]
    spans.append((spans[2][0], len(data)))
    head = b"PMTiles\x03" + b"".join(struct.pack("<QQ", *span) for span in spans) + struct.pack("<QQQ", 1, 1, 1)
    head += bytes([1, 1, 1, 1, 0, 0])  # clustered, nothing compressed, vector tiles, zoom 0 to 0
    head += struct.pack("<iiii", -1_800_000_000, -850_000_000, 1_800_000_000, 850_000_000) + struct.pack(
        "<Bii", 0, 0, 0
    )
    assert len(head) == start
    return head + root + metadata + data


def lay(folder: Path) -> None:
    """Put both files into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "jalan.pmtiles").write_bytes(pmtiles())
    ring = [[113.6, -7.2], [114.2, -7.2], [114.2, -6.8], [113.6, -6.8], [113.6, -7.2]]
    shapes: list[dict[str, object]] = [
        {"type": "Feature", "properties": {"name": "Batas"}, "geometry": {"type": "Polygon", "coordinates": [ring]}},
        {
            "type": "Feature",
            "properties": {"name": "Pos <b>Damkar</b>"},
            "geometry": {"type": "Point", "coordinates": [113.87, -7.0]},
        },
    ]
    (folder / "batas.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": shapes}), "utf-8")
