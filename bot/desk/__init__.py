"""The agents' desk: its API below `/api/desk`, on top of people, cases and conversations. docs/desk.md describes it.

Other parts use `feed.Feed` (telling open desks that something has changed) and `team` (agents as plain values).
"""
