"""What the desk refuses, like routing (`routing.refusals`)."""

from collections.abc import Iterable, Mapping

from routing.refusals import RefusedError


class DeskError(RefusedError, code="refused"):
    """This cannot be done."""


class UnknownReportError(DeskError, status=404):
    """There is no report with this number. Numbers look like 112-20260314-0001; the list of reports shows them."""


class OtherSourceError(DeskError, status=403):
    """A machine opens reports of one source, which is its name. Send that as `source`, or use a token of the desk."""


class UnknownEntryError(DeskError, status=404):
    """This report has no such entry. GET the report to see its entries."""


class IllegalStepError(DeskError, status=409):
    """This step cannot follow the report's present status."""

    def __init__(
        self, message: str = "", allowed: Iterable[str] = (), *, now: str | None = None, held_by: Iterable[str] = ()
    ) -> None:
        super().__init__(message)
        self.allowed = tuple(allowed)  # the steps that can be taken now
        self.now = now  # the report's status, where that is why
        self.held_by = tuple(held_by)  # agencies that have something to do with it, where that is why


class WrongHmacError(DeskError, status=401):
    """The last field, `hmac`, is missing or does not fit INTAKE112_AML_SECRET: HMAC-SHA1 of all before it, as hex."""


class NotVerifiedError(IllegalStepError):
    """Nobody has checked that it is really solved."""


class NoDispositionError(IllegalStepError):
    """Nobody has said how it ended."""


class NotTakenOverError(IllegalStepError):
    """No neighbouring centre has taken this report over."""


class UnfitDispositionError(DeskError):
    """A report of this class cannot end so. GET /api/v1/dispositions says which fit."""


class NotACentreError(DeskError, status=409):
    """This agency is not the 112 centre of a neighbour. `intake112 agency add --centre` adds one."""


class KindDisabledError(DeskError):
    """Nobody can choose this kind of report any more. GET /api/v1/kinds lists those that can be chosen."""


class CodeTakenError(DeskError, status=409):
    """There is one with this code already. Change that one, or choose another code."""


class UnknownRowError(DeskError, status=404, code="unknown_code"):
    """There is nothing with this code."""


class SystemRowError(DeskError, status=409, code="in_use"):
    """The product itself uses this one: it can be renamed and moved, but neither disabled nor given other classes."""


class StaleRowError(DeskError, status=412, code="stale"):
    """Somebody else has changed it since the version you saw. GET it, look at their change, and send yours again."""

    def __init__(self, current_version: int, conflicts: Mapping[str, Mapping[str, object]] | None = None) -> None:
        super().__init__()
        self.current_version = current_version
        self.conflicts = conflicts  # both values of what differs from what was sent; None: they are not told


class NoKindError(DeskError, status=409):
    """This report has no kind yet, so there is nothing to ask. Give it a kind first."""


class UnknownQuestionError(DeskError):
    """The guide of this report's kind has no such question, or no such answer to it. GET /api/v1/kinds shows it."""


class UnknownPersonError(DeskError):
    """There is nobody with this name who logs in. Names are those of the log-in."""


class NothingToHandOverError(DeskError, status=409):
    """You have no open report to hand over. Name the reports if you mean others."""


class ReportClosedError(DeskError, status=409):
    """A closed report cannot be handed over. Leave it out, or reopen it."""


class UnknownHandoverError(DeskError, status=404):
    """There is no such hand-over. GET /api/v1/handovers lists them."""


class HandoverTakenError(DeskError, status=409):
    """Somebody has taken this hand-over already. GET /api/v1/handovers says who."""


class UnknownKindError(DeskError):
    """There is no kind of report with this code. GET /api/v1/kinds lists them."""


class UnreadablePlaceError(DeskError):
    """No place can be read in this."""


class UnfitNumberError(DeskError):
    """This is no telephone number that an SMS could go to. Write it like +6281200000001 or 081200000001."""


class TooManyLinksError(DeskError, status=409):
    """This report has several links that can still be used. Use one of those, or wait until they expire."""


class UnknownPlaceError(DeskError):
    """There is no place with this code. GET /api/v1/places?q= finds places by name."""


class UnfitPlacesError(DeskError):
    """These places cannot be taken, and nothing was changed."""


class StalePlacesError(DeskError, status=409):
    """Somebody imported places since the list you had. GET them again, put yours among them, and send that."""


class NoCallError(DeskError, status=409):
    """This report has no call: it did not come by the telephone line."""


class CallOverError(DeskError, status=409):
    """The call is over. Call back if the caller is still needed."""


class CallerOnLineError(DeskError, status=409):
    """The call is not over yet: the caller is on the line."""


class NoRecordingError(DeskError, status=404):
    """This call has no recording (yet): the report says why when one is missing."""


class RecordingAwayError(DeskError, status=404):
    """The recording is not in this server's store. Check INTAKE112_RECORDINGS_STORE; the bridge writes there."""


class NotTalkingError(DeskError, status=409):
    """Nobody at a desk talks to this caller now, so nobody can pass the call on."""


class CallerWaitsError(DeskError, status=409):
    """Nobody has spoken with this caller yet, so nobody knows why they call. Answer first; a supervisor can end it."""


class OthersCallError(DeskError, status=409):
    """Somebody else talks to this caller. Ask them, or a supervisor, who can do it."""


class NoConsultationError(DeskError, status=409):
    """Nobody is being asked before this call is handed over: whoever was, is not on the line any more."""


class NoNumberError(DeskError, status=409):
    """Nobody can be called back: the network gave no number of the caller that can be dialled."""


class AlreadyCallingBackError(DeskError, status=409):
    """This caller is being called back already. GET the report to see by whom."""


class ControlMissingError(DeskError, status=409, code="control_not_configured"):
    """No bridge may control calls. Set INTAKE112_CONTROL_USERNAME and _SECRET for the bridge; use the telephone now."""


class ControlAwayError(DeskError, status=409):
    """The bridge cannot control calls at the moment, and nothing was asked of the PBX. Use the telephone."""


class SeveralPbxsError(DeskError, status=409):
    """There are several PBXs. Say which one you mean as `pbx`."""


class OtherDispatchError(DeskError):
    """The answer names another dispatch than its address does. Send it to the answer_url of the dispatch it names."""


class NoPageError(DeskError, status=409):
    """This dispatch has no page on the telephone (any more): it is over, or its agency is disabled. Telephone them."""


class UnknownControlError(DeskError, status=404):
    """There is no such request."""


class DisabledAgencyError(DeskError, status=403, code="agency_disabled"):
    """This agency is disabled at the centre, which hears nothing from its machines. Telephone the centre."""


class NobodyProposedError(DeskError, status=409):
    """No rule says which agency a report of this kind goes to. Name the agencies, or give the report a kind."""


class FutureVersionError(DeskError, status=412):
    """If-Match names a version that this report never had. GET the report and use its ETag."""


class ConflictError(DeskError, status=412):
    """Somebody else changed the same fields since the version you saw. Compare both values and send yours again."""

    def __init__(self, current_version: int, conflicts: Mapping[str, Mapping[str, object]]) -> None:
        super().__init__()
        self.current_version = current_version
        self.conflicts = conflicts


class NameTakenError(DeskError, status=409):
    """This name is taken."""


class PasswordTooPoorError(DeskError):
    """A password needs 12 characters or more; a few words in a row are easy to keep in mind."""
