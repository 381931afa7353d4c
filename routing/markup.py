"""Text inside XML 1.0 and HTML5, whatever the text is: it stays text, and the document stays well-formed.

Escaping is not enough: XML 1.0 has no spelling at all for most control characters, half surrogates, U+FFFE and U+FFFF
(section 2.2). They become U+FFFD, as everywhere in this project where a character cannot be kept.
"""

import re
from html import escape

from routing.clipping import REPLACED

_FORBIDDEN = re.compile("[^\t\n\r\\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LINE_ENDS = re.compile("\r\n|\r|\n")


def storable(text: str) -> str:
    """Return the text with U+FFFD for what XML 1.0 forbids."""
    return _FORBIDDEN.sub(REPLACED, text)


def xml_text(text: str) -> str:
    """Return a text as the content of an XML element. CR is written `&#13;`: a bare one would be read back as LF."""
    return escape(storable(text), quote=False).replace("\r", "&#13;")


def html_text(text: str) -> str:
    """Return a text as the content of an HTML element, its line ends as `<br>`."""
    return _LINE_ENDS.sub("<br>", escape(storable(text), quote=False))


def element(name: str, text: str) -> str:
    """Return an XML element that holds a text. The name is ours, the text is anybody's."""
    return f"<{name}>{xml_text(text)}</{name}>"


def group(name: str, *elements: str) -> str:
    """Return an XML element that holds elements."""
    return f"<{name}>{''.join(elements)}</{name}>"
