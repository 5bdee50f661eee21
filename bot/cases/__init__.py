"""Handoffs to people: tickets (level 1), callbacks (2), SLA requests (3, 4), their deadlines and their delivery.

What the web process needs (this package imports nothing of ours; everything comes in as plain values):

    metadata            tables to create: `await conn.run_sync(metadata.create_all)`
    policy              `bot.company.load_company(path).policy(catalogue)`
    say                 `catalogue.text`, the sentences of data/messages
    now                 `datetime.now(UTC)`

    mailer  = Mailer(MailSettings(…), say); hook = Webhook(WebhookSettings(…), now)
    outbox  = Outbox(engine, {Channel.CUSTOMER_MAIL: mailer.customer, Channel.STAFF_MAIL: mailer.staff,
                              Channel.WEBHOOK: hook.send})     # only what is configured; `outbox.run()` as a task
    clocks  = Clocks(engine, policy, fired=outbox.wake, channels=configured, team=agents)   # `clocks.run()` as a task

    async with engine.begin() as conn:          # one transaction; let errors leave the block, so it rolls back
        body, created = await store.open_case(
            conn, data, conversation=id, idempotency_key=key, lang="fr", policy=policy, say=say, now=now,
            receipt=receipt.build(transcript, custom_receipt), channels=configured)   # body: {"ref", "kind", …}
    outbox.wake(); clocks.wake()                # after the commit
    case  = await store.get_case(conn, ref, conversation=id)   # or key=… from the mail's link; NotFound otherwise
    cases = [case.listed() for case in await store.list_cases(conn, id, ref)]
    case  = await store.record_consent(conn, case, agreed=True, statement=texts.consent_statement(case, say),
                                       actor=id, policy=policy, now=now, channels=configured)
    ics   = texts.calendar(case, say, company_name, company_address)
    await store.add_attachment(conn, Attachment(…), now)       # file already stored; joins the next case

    taken   = await store.bookings_by_start(conn, now)
    context = fields.Context(lang, policy, say, now, taken)    # taken may be {} for fields other than slot
    checked = fields.check("phone", "06 12 34 56 78", context) # .value, .display
    free    = calendar.free_slots(policy.hours, policy.callback, now, taken, limit=6)
    {"start": slots.iso(free[0], zone), "display": calendar.display(free[0], lang, zone, say)}

What the desk, and whatever else works on cases, needs (`by` = rows.By(actor=…, now=…, policy=…, channels=…)):

    wanted = changes.check({"status": "resolved"}, policy, now, ids_of_owners)
    case   = await work.change(conn, ref, wanted, by, version=7)     # ChangedMeanwhile, Conflict
    said   = await messages.reply(conn, ref, by, client_id=…, text=…, author_name=…)    # .id, .case, .new, .letter
    said   = await messages.add_note(…); said = await messages.add_customer(…)
    await messages.settled(conn, letter_id, "sent" | "dead", by); await messages.bounced(conn, letter_id, reason, by)
    one, left = await merge.merge(conn, ref, into, by); case = await callbacks.outcome(conn, ref, by, result="reached")
    page   = await listing.page(conn, {"owner": "me", "q": "facture"}, me=id, now=now)  # .items, .following, .total
    lines  = await timeline.of_case(conn, ref); await desk_store.set_external(conn, ref, system, …)

Every change locks the case first (`rows.lock`) and ends in `rows.save` or `work.finish`.

Errors are CaseError with `.status` (422, 409, 404), `.code`, `.field` and `.body(say, lang)`.
"""

from .desk_tables import metadata
from .model import Attachment, Case, CaseError, Channel, Conflict, FieldError, KeyReused, Kind, NotFound, Status
from .policy import Policy

__all__ = [
    "Attachment",
    "Case",
    "CaseError",
    "Channel",
    "Conflict",
    "FieldError",
    "KeyReused",
    "Kind",
    "NotFound",
    "Policy",
    "Status",
    "metadata",
]
