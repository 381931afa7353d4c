"""Who may use which route: one line for each. A route without a line fails `test_matrix`.

`STAFF`, `SUPERVISORS`, `ADMINS`: these roles, by token or session. `REPORTER`: staff, and a machine for reports of its
own source. `AGENCY`: the agency whose dispatch it is. `ANYONE`: no log-in is asked; what guards it has its own tests.
"""

from typing import Final

STAFF: Final = frozenset({"operator", "supervisor", "admin"})
SUPERVISORS: Final = frozenset({"supervisor", "admin"})
ADMINS: Final = frozenset({"admin"})
REPORTER: Final = STAFF | {"machine"}
AGENCY: Final = frozenset({"agency"})
ANYONE: Final = frozenset({"nobody", "operator", "supervisor", "admin", "agency", "machine"})

RULES: Final = {
    "GET /": ANYONE,  # leads to the log-in
    "GET /a/{token:path}": ANYONE,  # the link is the credential
    "POST /a/{token:path}": ANYONE,
    "POST /agency/v1/dispatches/{dispatch_id}/answers": AGENCY,
    "GET /api/v1/agencies": STAFF,
    "GET /api/v1/agencies/{code}/deliveries": STAFF,
    "POST /api/v1/agencies/{code}/pause": SUPERVISORS,
    "POST /api/v1/agencies/{code}/redrive": SUPERVISORS,
    "POST /api/v1/agencies/{code}/resume": SUPERVISORS,
    "POST /api/v1/agencies/{code}/test": SUPERVISORS,
    "GET /api/v1/calls": STAFF,
    "GET /api/v1/controls/{control_id}": STAFF,
    "GET /api/v1/dispatches/{dispatch_id}/answers": STAFF,
    "POST /api/v1/dispatches/{dispatch_id}/answers": STAFF,
    "POST /api/v1/dispatches/{dispatch_id}/cancel": STAFF,
    "POST /api/v1/dispatches/{dispatch_id}/send-again": STAFF,
    "GET /api/v1/kinds": REPORTER,
    "GET /api/v1/live": STAFF,
    "POST /api/v1/queues/{queue}/members": STAFF,
    "GET /api/v1/reports": STAFF,
    "POST /api/v1/reports": REPORTER,
    "GET /api/v1/reports/{number}": REPORTER,
    "PATCH /api/v1/reports/{number}": STAFF,
    "POST /api/v1/reports/{number}/call-back": STAFF,
    "POST /api/v1/reports/{number}/call/consultation": STAFF,
    "POST /api/v1/reports/{number}/call/hang-up": STAFF,
    "POST /api/v1/reports/{number}/call/transfer": STAFF,
    "POST /api/v1/reports/{number}/dispatches": STAFF,
    "GET /api/v1/reports/{number}/dispatches/proposed": STAFF,
    "POST /api/v1/reports/{number}/entries": STAFF,
    "POST /api/v1/reports/{number}/entries/{entry_id}/strike": STAFF,
    "GET /api/v1/reports/{number}/recording": STAFF,
    "POST /api/v1/reports/{number}/recording/plays": STAFF,
    "GET /api/v1/rules": STAFF,
    "POST /api/v1/rules": SUPERVISORS,
    "POST /api/v1/rules/simulate": STAFF,
    "GET /api/v1/rules/{version:int}": STAFF,
    "GET /api/v1/sessions": ADMINS,
    "POST /api/v1/sessions/{session_id}/end": ADMINS,
    "GET /api/v1/state": STAFF,
    "GET /api/v1/users": ADMINS,
    "POST /api/v1/users": ADMINS,
    "PATCH /api/v1/users/{name}": ADMINS,
    "POST /api/v1/users/{name}/end-sessions": ADMINS,
    "GET /healthz": ANYONE,
    "POST /keluar": ANYONE,  # ends the session it comes with
    "GET /masuk": ANYONE,
    "POST /masuk": ANYONE,
    "GET /metrics": ANYONE,
    "GET /readyz": ANYONE,
    "GET /static/{name}": ANYONE,
}
