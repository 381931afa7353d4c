"""Why a map file is not taken, or not there. The console has a sentence of its own for each `why`."""

from collections.abc import Mapping
from typing import Final

from intake.refusals import DeskError

MOST: Final = 20  # files
MOST_MB: Final = {"pmtiles": 2048, "geojson": 8}  # a GeoJSON every desk reads whole, and draws in one piece

WRONG: Final[Mapping[str, str]] = {
    "unreadable": "The server cannot read it ({error}). See whose file it is, and what its disk says.",
    "not_pmtiles": "This is no PMTiles file: it does not begin with `PMTiles`, or cannot be read. Make it with "
    "`pmtiles extract`.",
    "old_pmtiles": "This is PMTiles of version {version}, and only 3 is read. Turn it into one: `pmtiles convert`.",
    "cut_off": "The file is not whole: it needs {needs} bytes and has {has}. Copy it again.",
    "no_vector": "Its tiles are not vector tiles (MVT), but {type}: the map cannot draw these. Take an extract of a "
    "Protomaps basemap.",
    "compression": "It is compressed in a way that browsers cannot read ({type}). Make it again with gzip.",
    "no_tiles": "There is no tile in it. Make it again with the area of the centre.",
    "zooms": "Its zooms, {from} to {to}, are wrong: they lie between 0 and 22, the smaller one first. Make it again.",
    "bounds": "Its bounds ({west}, {south} to {east}, {north}) are no area on the earth. Make it again with `--bbox`.",
    "other_layers": "None of its layers ({found}) is one that the map draws (such as earth, water, roads). Take an "
    "extract of a Protomaps basemap.",
    "too_large": "It has more than {most} MB, so nobody has looked into it. Simplify it (QGIS: Simplify; mapshaper).",
    "not_json": "This is no JSON in UTF-8 ({error}). Export it as GeoJSON again.",
    "not_collection": "This is no FeatureCollection, but {type}. Export the whole layer as GeoJSON.",
    "no_features": "There is no feature with a place in it, so there would be nothing to see. Export the layer again.",
    "not_wgs84": "Its coordinates are of {crs}. Export it in WGS 84 (EPSG:4326).",
    "out_of_range": "Feature {n} is at {lon}, {lat} (longitude, latitude), which is not on the earth. Export it in "
    "WGS 84 (EPSG:4326), the longitude first.",
    "geometry": "Feature {n} is a {type}, which the map does not draw. Turn it into points, lines or polygons.",
    "no_position": "Feature {n} has coordinates that are not complete. Mend it, or leave it out.",
}
"""What can be wrong with a file: a sentence by its code, with blanks for what was found."""


class UnfitMapError(DeskError):
    """This file is no map that can be drawn."""

    def __init__(self, why: str, /, **found: object) -> None:
        self.why = why
        self.found = {name: str(value)[:100] for name, value in found.items()}
        super().__init__(WRONG[why].format_map(self.found))


class UnknownMapError(DeskError, status=404):
    """The centre has no map file with this name. GET /api/v1/map lists them."""


class MapNameError(DeskError):
    """This is no name for a map file: 1 to 64 letters, digits, - and _, then .pmtiles or .geojson."""


class MapThereError(DeskError, status=428, code="if_match_missing"):
    """There is a map file of this name. To replace it, say which version you saw: send it as If-Match, in quotes."""


class MapTooLargeError(DeskError, status=413):
    """The file is too large."""

    def __init__(self, kind: str) -> None:
        super().__init__(
            f"A {kind} file has at most {MOST_MB[kind]} MB. Take a smaller area or fewer details, and send it again."
        )


class MapCutError(DeskError, status=400):
    """The file did not arrive whole, and nothing was kept. Send it again."""


class TooManyMapsError(DeskError, status=409):
    """There are 20 map files, and more are not taken. Remove one, or replace it under its name."""


class MapNotKeptError(DeskError, status=507):
    """The server's disk could not take the file, and nothing was kept. Make room, or take a smaller file."""
