"""What routing refuses: each error's docstring is the sentence its reader sees, `status` what the API answers."""


class RefusedError(Exception):
    """This cannot be done."""

    status = 422

    def __str__(self) -> str:
        """Return what was said when it was raised, else the sentence of its class."""
        return super().__str__() or (self.__doc__ or "")


class UnknownAgencyError(RefusedError):
    """There is no agency with this code. The list of agencies shows the codes."""


class UnknownKindError(RefusedError):
    """There is no kind of report with this code. The list of kinds shows the codes."""


class AgencyExistsError(RefusedError):
    """An agency or a token with this name exists already. Choose another code."""

    status = 409


class AlreadyDispatchedError(RefusedError):
    """This report is with the agency already. Add a note; they will receive it."""

    status = 409


class AnswerKeyUsedError(RefusedError):
    """This idempotency key came before, with another answer. A new answer needs a new one (webhook-id, when signed)."""

    status = 409


class TooManyAnswersError(RefusedError):
    """So many answers to this dispatch are kept that one which changes nothing is not. Send the next step."""

    status = 409


class UnknownDispatchError(RefusedError):
    """There is no such dispatch."""

    status = 404


class DispatchOverError(RefusedError):
    """This dispatch has ended already."""

    status = 409


class NothingDeadError(RefusedError):
    """Nothing of this dispatch is dead: all was delivered or withdrawn, or is being tried. GET its report to see."""

    status = 409


class AgencyRemovedError(RefusedError):
    """This agency was removed, so nothing can be sent there. Send the report to another."""

    status = 409


class AgencyDisabledError(RefusedError):
    """This agency is disabled, so nothing is sent there. Send to another, or have an administrator enable it."""

    status = 409


class ForbiddenUrlError(RefusedError):
    """We may not dial this address."""


class NoSuchAgencyError(UnknownAgencyError):
    __doc__ = UnknownAgencyError.__doc__
    status = 404  # it is in the address, not in what was sent


class AgencyPausedError(RefusedError):
    """This agency is paused, so nothing is sent there. Resume it: all that it is owed goes out then."""

    status = 409


class NothingToSendError(RefusedError):
    """The agency is owed no such envelope that waits. The delivery log shows what became of each."""

    status = 409


class UnknownRulesVersionError(RefusedError):
    """There is no version of the rules with this number. GET /api/v1/rules says the newest."""

    status = 404


class StaleRulesError(RefusedError):
    """Somebody else made a version of the rules since the one you saw. Read it, and send yours again based on it."""

    status = 409


class UnfitRulesError(RefusedError):
    """These rules cannot hold."""
