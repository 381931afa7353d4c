"""What is refused to who begins, changes or ends a shift."""

from intake.refusals import DeskError


class NoPersonError(DeskError):
    """A shift is a person's: log in at /masuk. A machine's token has none."""

    status = 403
    code = "no_person"


class NoShiftError(DeskError):
    """You have no shift. Begin one at a telephone first."""

    status = 409
    code = "no_shift"


class UnknownShiftError(DeskError):
    """There is no such shift, or it is over. GET /api/v1/desks shows who sits where."""

    status = 404
    code = "unknown_shift"


class NoDeviceError(DeskError):
    """You have no shift, so nobody knows which telephone is yours. Begin one (POST /api/v1/shift), or send `device`."""

    status = 409
    code = "no_device"


class NoDeskError(DeskError):
    """This is the telephone of none of INTAKE112_DESKS."""

    status = 409
    code = "no_desk"


class DeskTakenError(DeskError):
    """Somebody sits at this telephone."""

    status = 409
    code = "desk_taken"


class AtOtherDeskError(DeskError):
    """You sit at another telephone."""

    status = 409
    code = "at_other_desk"
