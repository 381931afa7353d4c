"""What the desk refuses about callers: their links, their strikes, and whom somebody must call back."""

from intake.refusals import DeskError


class LinksItselfError(DeskError):
    """A report cannot be linked to itself. Name another one."""

    status = 409
    code = "links_itself"


class AlreadyLinkedError(DeskError):
    """These two reports are linked already."""

    status = 409
    code = "already_linked"


class UnknownLinkError(DeskError):
    """There is no such link. GET the links of the report."""

    status = 404
    code = "unknown_link"


class LinkUndoneError(DeskError):
    """This link was undone already."""

    status = 409
    code = "link_undone"


class UnknownItemError(DeskError):
    """The worklist has no such item. GET /api/v1/worklist lists them."""

    status = 404
    code = "unknown_item"


class ItemClosedError(DeskError):
    """This item is closed: nobody has to be called back for it any more. Call back from the report if you want to."""

    status = 409
    code = "item_closed"


class ItemOpenError(DeskError):
    """This item is open. Send `because` to close it, and its reports with it."""

    status = 409
    code = "item_open"


class ItemTakenError(DeskError):
    """Somebody else has taken this item. Send `over` to take it over."""

    status = 409
    code = "item_taken"


class StepsLeftError(DeskError):
    """Nobody has called back often enough to give up."""

    status = 409
    code = "steps_left"


class NobodysNumberError(DeskError):
    """This report has no number that is surely one caller's, so it takes part in no history, link or strike."""

    status = 409
    code = "nobodys_number"


class NoNuisanceError(DeskError):
    """Only a report of the class prank or ghost can be a strike. Give it its class first."""

    status = 409
    code = "no_nuisance"


class StruckError(DeskError):
    """This report is a strike already: one report, one strike."""

    status = 409
    code = "already_a_strike"


class UnknownStrikeError(DeskError):
    """There is no such strike. GET /api/v1/strikes lists them."""

    status = 404
    code = "unknown_strike"


class SamePersonError(DeskError):
    """Another person than the one who asked must confirm a strike."""

    status = 409
    code = "same_person"


class StrikeOverError(DeskError):
    """This strike is confirmed, expired or lifted already."""

    status = 409
    code = "strike_over"


class UnfitPilotError(DeskError):
    """This is no telephone number with a country or area: write it like +62328662112 or 0328662112."""

    code = "unfit_number"


class PilotKnownError(DeskError):
    """This number is marked already."""

    status = 409
    code = "already_marked"


class UnknownPilotError(DeskError):
    """There is no such mark. GET /api/v1/pilots lists them."""

    status = 404
    code = "unknown_pilot"


class RulesChangedError(DeskError):
    """Somebody changed these rules since the version you saw. GET them and send yours again."""

    status = 409
    code = "rules_changed"
