"""An agency's own certificate authority: who vouches for its server, where no public authority does.

Pinned, it is the only one that is believed for that agency. What is kept is the certificates of the text and nothing
else of it, so that a private key which somebody put into the same file is refused and never saved.
"""

import ssl

from routing.refusals import UnfitAuthorityError

LONGEST = 32_000  # characters: some ten certificates


def read(text: str) -> str | None:
    """Return the certificates of authorities in a PEM text, each once; None of an empty text: public authorities.

    Raises UnfitAuthorityError.
    """
    if not text.strip():
        return None
    if "PRIVATE KEY-----" in text:
        raise UnfitAuthorityError("This holds a private key: nobody but its owner may have that. Give the certificate.")
    if len(text) > LONGEST:
        raise UnfitAuthorityError(f"This is longer than {LONGEST} characters. Give only the authority's certificate.")
    try:
        found = ssl.create_default_context(cadata=text).get_ca_certs(binary_form=True)
    except (ssl.SSLError, ValueError, TypeError) as error:  # of PEM that is cut, of no PEM, of no ASCII
        raise UnfitAuthorityError from error
    if not found:
        raise UnfitAuthorityError(
            "This is the certificate of a server, not of an authority. Give that of the authority that signed it "
            "(its issuer), or of the server if it signed itself as an authority (CA:TRUE)."
        )
    return "".join(map(ssl.DER_cert_to_PEM_cert, dict.fromkeys(found)))


def trusting(ca_pem: str | None) -> ssl.SSLContext | None:
    """Return TLS that believes these authorities alone, one in the middle of a chain too; None: nobody is pinned."""
    if ca_pem is None:
        return None
    context = ssl.create_default_context(cadata=ca_pem)
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # as Python does from 3.13 on
    return context
