"""Asterisk speaks; a report exists.

Bytes become frames (`frames`), frames become call events (`events`), events become facts (`calls`, `threads`), and
facts become rows in one transaction with the position on the tape (`bridge`). Each step is a small pure file; the
outside has one door (`line`).
"""
