"""What routing refuses: each error's docstring is the sentence its reader sees: what happened, and what can be done.

The API answers with the `status` of its class, or of the class above, and with a `code` for programs, which is the
class's name unless it says another: who renames a class gives it the old code.
"""

import re


class RefusedError(Exception):
    """This cannot be done."""

    status = 422
    code = "refused"

    def __init_subclass__(cls, *, status: int | None = None, code: str = "") -> None:
        """Take over what the class says of itself."""
        super().__init_subclass__()
        cls.status = status or cls.status
        cls.code = code or re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__.removesuffix("Error")).lower()

    def __str__(self) -> str:
        """Return what was said when it was raised, else the sentence of its class."""
        return super().__str__() or (self.__doc__ or "")


class UnknownAgencyError(RefusedError):
    """There is no agency with this code. The list of agencies shows the codes."""


class UnknownKindError(RefusedError):
    """There is no kind of report with this code. The list of kinds shows the codes."""


class AgencyExistsError(RefusedError, status=409):
    """An agency or a token with this name exists already. Choose another code."""


class AlreadyDispatchedError(RefusedError, status=409):
    """This report is with the agency already. Add a note; they will receive it."""


class AnswerKeyUsedError(RefusedError, status=409):
    """This idempotency key came before, with another answer. A new answer needs a new one (webhook-id, when signed)."""


class TooManyAnswersError(RefusedError, status=409):
    """So many answers to this dispatch are kept that one which changes nothing is not. Send the next step."""


class UnknownDispatchError(RefusedError, status=404):
    """There is no such dispatch."""


class DispatchOverError(RefusedError, status=409):
    """This dispatch has ended already."""


class NotWaitingError(RefusedError, status=409):
    """Nobody waits for this agency's answer: it has accepted, or it is over. Telephone it, or send it to others."""


class EscalatedAlreadyError(RefusedError, status=409):
    """This dispatch was escalated already: its next agency has it, or there is none. Choose another agency."""


class NothingDeadError(RefusedError, status=409):
    """Nothing of this dispatch is dead: all was delivered or withdrawn, or is being tried. GET its report to see."""


class AgencyRemovedError(RefusedError, status=409):
    """This agency was removed, so nothing can be sent there. Send the report to another."""


class AgencyDisabledError(RefusedError, status=409):
    """This agency is disabled, so nothing is sent there. Send to another, or have an administrator enable it."""


class NoSystemError(RefusedError, status=409):
    """This agency has no computer system: nothing is sent there. Telephone its duty number; book what they answer."""


class NoDutyNumberError(RefusedError):
    """An agency without a computer system is telephoned: give its duty number (`phone`), or its address (`url`)."""


class ForbiddenUrlError(RefusedError):
    """We may not dial this address."""


class UnfitAuthorityError(RefusedError):
    """This is no certificate in PEM (-----BEGIN CERTIFICATE-----). `openssl x509 -in FILE -out ca.pem` makes it PEM."""


class NotOpen311Error(RefusedError, status=409):
    """Only a platform of Open311 knows the centre by an api_key. This agency takes another form, which is signed."""


class UnfitApiKeyError(RefusedError):
    """An api_key has 4 to 128 letters, digits and signs of ASCII, and no space. Copy it again from the platform."""


class NoSuchAgencyError(UnknownAgencyError, status=404):  # it is in the address, not in what was sent
    __doc__ = UnknownAgencyError.__doc__


class AgencyPausedError(RefusedError, status=409):
    """This agency is paused, so nothing is sent there. Resume it: all that it is owed goes out then."""


class NothingToSendError(RefusedError, status=409):
    """The agency is owed no such envelope that waits. The delivery log shows what became of each."""


class UnknownRulesVersionError(RefusedError, status=404):
    """There is no version of the rules with this number. GET /api/v1/rules says the newest."""


class StaleRulesError(RefusedError, status=409):
    """Somebody else made a version of the rules since the one you saw. Read it, and send yours again based on it."""


class UnfitRulesError(RefusedError):
    """These rules cannot hold."""
