"""What the desk refuses about callers: their links, their strikes, and whom somebody must call back."""

from intake.refusals import DeskError


class LinksItselfError(DeskError, status=409):
    """A report cannot be linked to itself. Name another one."""


class AlreadyLinkedError(DeskError, status=409):
    """These two reports are linked already."""


class UnknownLinkError(DeskError, status=404):
    """There is no such link. GET the links of the report."""


class LinkUndoneError(DeskError, status=409):
    """This link was undone already."""


class UnknownItemError(DeskError, status=404):
    """The worklist has no such item. GET /api/v1/worklist lists them."""


class ItemClosedError(DeskError, status=409):
    """This item is closed: nobody has to be called back for it any more. Call back from the report if you want to."""


class ItemOpenError(DeskError, status=409):
    """This item is open. Send `because` to close it, and its reports with it."""


class ItemTakenError(DeskError, status=409):
    """Somebody else has taken this item. Send `over` to take it over."""


class StepsLeftError(DeskError, status=409):
    """Nobody has called back often enough to give up."""


class NobodysNumberError(DeskError, status=409):
    """This report has no number that is surely one caller's, so it takes part in no history, link or strike."""


class NoNuisanceError(DeskError, status=409):
    """Only a report of the class prank or ghost can be a strike. Give it its class first."""


class StruckError(DeskError, status=409, code="already_a_strike"):
    """This report is a strike already: one report, one strike."""


class UnknownStrikeError(DeskError, status=404):
    """There is no such strike. GET /api/v1/strikes lists them."""


class SamePersonError(DeskError, status=409):
    """Another person than the one who asked must confirm a strike."""


class StrikeOverError(DeskError, status=409):
    """This strike is confirmed, expired or lifted already."""


class UnfitPilotError(DeskError, code="unfit_number"):
    """This is no telephone number with a country or area: write it like +62328662112 or 0328662112."""


class PilotKnownError(DeskError, status=409, code="already_marked"):
    """This number is marked already."""


class UnknownPilotError(DeskError, status=404):
    """There is no such mark. GET /api/v1/pilots lists them."""


class RulesChangedError(DeskError, status=409):
    """Somebody changed these rules since the version you saw. GET them and send yours again."""
