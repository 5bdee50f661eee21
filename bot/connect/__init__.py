"""Where agents already work: e-mail in (IMAP, inbound webhook) and other ticket systems (Zammad, generic REST).

Mails: `mime` reads bytes, `quoting` tells what is new in them, `recognise` what kind of mail it is, `reading` puts that
together, `inbox` takes each once and does what it asks for; `imap` and `inbound_api` bring them. Ticket systems:
`adapter` is the interface, `zammad` and `rest` implement it, `delivery` sends the outbox's letters through it, `states`
brings states back.
"""
