"""The groups of a dispatch's states, and of a report's statuses (OVER), that decide something; for all rooms."""

from typing import Final

UNANSWERED: Final = ("queued", "sent", "delivered")  # nobody at the agency has said anything
AT_WORK: Final = ("accepted", "en_route", "on_scene")
NOT_LIVE: Final = ("rejected", "cancelled")  # the agency does not have it (any more)
FINISHED: Final = (*NOT_LIVE, "resolved")  # it may be dispatched there anew; the index uq_dispatches_live says the same
OVER: Final = ("resolved", "closed")  # of a report
