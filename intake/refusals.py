"""What the desk refuses: each error's docstring is the sentence its reader sees, `status` what the API answers.

Kept like routing's: a `code` for programs, and a sentence that says what happened and what can be done.
"""

from collections.abc import Iterable, Mapping


class DeskError(Exception):
    """This cannot be done."""

    status = 422
    code = "refused"

    def __str__(self) -> str:
        """Return what was said when it was raised, else the sentence of its class."""
        return super().__str__() or (self.__doc__ or "")


class UnknownReportError(DeskError):
    """There is no report with this number. Numbers look like 112-20260314-0001; the list of reports shows them."""

    status = 404
    code = "unknown_report"


class OtherSourceError(DeskError):
    """A machine opens reports of one source, which is its name. Send that as `source`, or use a token of the desk."""

    status = 403
    code = "other_source"


class UnknownEntryError(DeskError):
    """This report has no such entry. GET the report to see its entries."""

    status = 404
    code = "unknown_entry"


class IllegalStepError(DeskError):
    """This step cannot follow the report's present status."""

    status = 409
    code = "illegal_step"

    def __init__(self, message: str = "", allowed: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.allowed = tuple(allowed)  # the steps that can be taken now


class WrongHmacError(DeskError):
    """The last field, `hmac`, is missing or does not fit INTAKE112_AML_SECRET: HMAC-SHA1 of all before it, as hex."""

    status = 401
    code = "wrong_hmac"


class NotVerifiedError(IllegalStepError):
    """Nobody has checked that it is really solved."""

    code = "not_verified"


class NoDispositionError(IllegalStepError):
    """Nobody has said how it ended."""

    code = "no_disposition"


class NotTakenOverError(IllegalStepError):
    """No neighbouring centre has taken this report over."""

    code = "not_taken_over"


class UnfitDispositionError(DeskError):
    """A report of this class cannot end so. GET /api/v1/dispositions says which fit."""

    code = "unfit_disposition"


class NotACentreError(DeskError):
    """This agency is not the 112 centre of a neighbour. `intake112 agency add --centre` adds one."""

    status = 409
    code = "not_a_centre"


class KindDisabledError(DeskError):
    """Nobody can choose this kind of report any more. GET /api/v1/kinds lists those that can be chosen."""

    code = "kind_disabled"


class CodeTakenError(DeskError):
    """There is one with this code already. Change that one, or choose another code."""

    status = 409
    code = "code_taken"


class UnknownRowError(DeskError):
    """There is nothing with this code."""

    status = 404
    code = "unknown_code"


class SystemRowError(DeskError):
    """The product itself uses this one: it can be renamed and moved, but neither disabled nor given other classes."""

    status = 409
    code = "in_use"


class StaleRowError(DeskError):
    """Somebody else has changed it since the version you saw. GET it, look at their change, and send yours again."""

    status = 412
    code = "stale"

    def __init__(self, current_version: int) -> None:
        super().__init__()
        self.current_version = current_version


class NoKindError(DeskError):
    """This report has no kind yet, so there is nothing to ask. Give it a kind first."""

    status = 409
    code = "no_kind"


class UnknownQuestionError(DeskError):
    """The guide of this report's kind has no such question, or no such answer to it. GET /api/v1/kinds shows it."""

    code = "unknown_question"


class UnknownPersonError(DeskError):
    """There is nobody with this name who logs in. Names are those of the log-in."""

    code = "unknown_person"


class NothingToHandOverError(DeskError):
    """You have no open report to hand over. Name the reports if you mean others."""

    status = 409
    code = "nothing_to_hand_over"


class ReportClosedError(DeskError):
    """A closed report cannot be handed over. Leave it out, or reopen it."""

    status = 409
    code = "report_closed"


class UnknownHandoverError(DeskError):
    """There is no such hand-over. GET /api/v1/handovers lists them."""

    status = 404
    code = "unknown_handover"


class HandoverTakenError(DeskError):
    """Somebody has taken this hand-over already. GET /api/v1/handovers says who."""

    status = 409
    code = "handover_taken"


class UnknownKindError(DeskError):
    """There is no kind of report with this code. GET /api/v1/kinds lists them."""

    code = "unknown_kind"


class UnreadablePlaceError(DeskError):
    """No place can be read in this."""

    code = "unreadable_place"


class UnfitNumberError(DeskError):
    """This is no telephone number that an SMS could go to. Write it like +6281200000001 or 081200000001."""

    code = "unfit_number"


class TooManyLinksError(DeskError):
    """This report has several links that can still be used. Use one of those, or wait until they expire."""

    status = 409
    code = "too_many_links"


class UnknownPlaceError(DeskError):
    """There is no place with this code. GET /api/v1/places?q= finds places by name."""

    code = "unknown_place"


class UnfitPlacesError(DeskError):
    """These places cannot be taken, and nothing was changed."""

    code = "unfit_places"


class StalePlacesError(DeskError):
    """Somebody imported places since the list you had. GET them again, put yours among them, and send that."""

    status = 409
    code = "stale_places"


class NoCallError(DeskError):
    """This report has no call: it did not come by the telephone line."""

    status = 409
    code = "no_call"


class CallOverError(DeskError):
    """The call is over. Call back if the caller is still needed."""

    status = 409
    code = "call_over"


class CallerOnLineError(DeskError):
    """The call is not over yet: the caller is on the line."""

    status = 409
    code = "caller_on_line"


class NoRecordingError(DeskError):
    """This call has no recording (yet): the report says why when one is missing."""

    status = 404
    code = "no_recording"


class RecordingAwayError(DeskError):
    """The recording is not in this server's store. Check INTAKE112_RECORDINGS_STORE; the bridge writes there."""

    status = 404
    code = "recording_away"


class NotTalkingError(DeskError):
    """Nobody at a desk talks to this caller now, so nobody can pass the call on."""

    status = 409
    code = "not_talking"


class NoConsultationError(DeskError):
    """Nobody is being asked before this call is handed over: whoever was, is not on the line any more."""

    status = 409
    code = "no_consultation"


class NoNumberError(DeskError):
    """Nobody can be called back: the network gave no number of the caller that can be dialled."""

    status = 409
    code = "no_number"


class AlreadyCallingBackError(DeskError):
    """This caller is being called back already. GET the report to see by whom."""

    status = 409
    code = "already_calling_back"


class ControlMissingError(DeskError):
    """No bridge may control calls. Set INTAKE112_CONTROL_USERNAME and _SECRET for the bridge; use the telephone now."""

    status = 409
    code = "control_not_configured"


class ControlAwayError(DeskError):
    """The bridge cannot control calls at the moment, and nothing was asked of the PBX. Use the telephone."""

    status = 409
    code = "control_away"


class SeveralPbxsError(DeskError):
    """There are several PBXs. Say which one you mean as `pbx`."""

    status = 409
    code = "several_pbxs"


class OtherDispatchError(DeskError):
    """The answer names another dispatch than its address does. Send it to the answer_url of the dispatch it names."""

    code = "other_dispatch"


class UnknownControlError(DeskError):
    """There is no such request."""

    status = 404
    code = "unknown_control"


class DisabledAgencyError(DeskError):
    """This agency is disabled at the centre, which hears nothing from its machines. Telephone the centre."""

    status = 403
    code = "agency_disabled"


class NobodyProposedError(DeskError):
    """No rule says which agency a report of this kind goes to. Name the agencies, or give the report a kind."""

    status = 409
    code = "nobody_proposed"


class FutureVersionError(DeskError):
    """If-Match names a version that this report never had. GET the report and use its ETag."""

    status = 412
    code = "future_version"


class ConflictError(DeskError):
    """Somebody else changed the same fields since the version you saw. Compare both values and send yours again."""

    status = 412
    code = "conflict"

    def __init__(self, current_version: int, conflicts: Mapping[str, Mapping[str, object]]) -> None:
        super().__init__()
        self.current_version = current_version
        self.conflicts = conflicts


class NameTakenError(DeskError):
    """This name is taken."""

    status = 409
    code = "name_taken"


class PasswordTooPoorError(DeskError):
    """A password needs 12 characters or more; a few words in a row are easy to keep in mind."""

    code = "password_too_poor"
