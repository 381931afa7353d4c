"""What agencies receive, and that people there really accepted it.

A dispatch is a report x an agency. Its envelopes are put into the outbox in the caller's transaction (`outbox`), one
lane per agency signs and sends them (`lanes`, `signing`, `delivery`, `egress`, `retry`), and answers move it on
(`answers`, `steps`). Routing never reads a caller's history, never opens a call, and knows no settings: it receives
values.

Whoever locks rows here locks them in one order: the report, its dispatches, their envelopes. A lane, an agency's answer
and an operator's change can meet on one report at any moment; with one order they wait, with two they deadlock. Reports
that are joined are locked together, the lowest id first (`db.duplicates`).
"""
