"""Scripts with which tests look into a page: what sounded, and where things stand."""

from typing import Final

COUNTS_RINGS: Final = """() => {
    globalThis.rings = 0;
    const Tone = OscillatorNode;
    globalThis.OscillatorNode = class extends Tone {
        constructor(c, o) { super(c, o); if (o.frequency === 880) globalThis.rings++; }
    };
}"""
"""Count them in `rings`."""
HEARD: Final = """() => { const Tone = OscillatorNode, first = !globalThis.tones; globalThis.tones = [];
    if (first) OscillatorNode = class extends Tone { constructor(c, o) { super(c, o); tones.push(o.frequency) } } }"""
"""Keep the frequency of each tone from now on in `tones`."""
PLACES: Final = """() => [
    ...["main", "aside", "#report .columns"].map((one) => document.querySelector(one).getBoundingClientRect().top),
    document.querySelector("section:has(#queue)").offsetTop]"""
"""Where panes begin, and what stands in one below what comes and goes."""
CUT_OFF: Final = """(one) => {
    one.lastChild.data = "✗ Dinas Lingkungan Hidup menerima lalu menyerah 12:10 lalu, belum ada gantinya";
    return one.scrollHeight > one.clientHeight }"""
"""Whether the longest sentence would be cut off in the urgent line."""
