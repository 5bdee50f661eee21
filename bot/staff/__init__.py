"""People who work here: who they are, how they sign in, what they may do, and the pages for it.

Other parts use `guard.require` and `guard.require_page` (who asks, and may they), `people` (who there is),
`sessions.ended` (when to close a stream), `audit.write` (what staff did) and `pages.shell` (the frame of a page).
"""
