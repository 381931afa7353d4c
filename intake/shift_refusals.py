"""What is refused to who begins, changes or ends a shift."""

from intake.refusals import DeskError


class NoPersonError(DeskError, status=403):
    """A shift is a person's: log in at /masuk. A machine's token has none."""


class NoShiftError(DeskError, status=409):
    """You have no shift. Begin one at a telephone first."""


class UnknownShiftError(DeskError, status=404):
    """There is no such shift, or it is over. GET /api/v1/desks shows who sits where."""


class NoDeviceError(DeskError, status=409):
    """You have no shift, so nobody knows which telephone is yours. Begin one (POST /api/v1/shift), or send `device`."""


class NoDeskError(DeskError, status=409):
    """This is the telephone of none of INTAKE112_DESKS."""


class DeskTakenError(DeskError, status=409):
    """Somebody sits at this telephone."""


class AtOtherDeskError(DeskError, status=409):
    """You sit at another telephone."""
