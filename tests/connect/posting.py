"""Mails as programs write them, byte for byte."""

from __future__ import annotations

from email.message import EmailMessage
from email.policy import SMTP

CUSTOMER = "jeanne@example.fr"
OURS = "support@archivelle.example"


def mail(
    text: str = "Voici la facture demandée.",
    *,
    sender: str = f"Jeanne Martin <{CUSTOMER}>",
    to: str = OURS,
    subject: str = "Facture de novembre",
    message_id: str | None = "<m1@example.fr>",
    html: str | None = None,
    files: tuple[tuple[str, bytes], ...] = (),
    **headers: str,
) -> bytes:
    """`headers` by name with underscores for hyphens."""
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"], message["Subject"] = sender, to, subject
    if message_id:
        message["Message-ID"] = message_id
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    if html is not None:
        message.add_alternative(html, subtype="html")
    for name, content in files:
        message.add_attachment(content, "application", "octet-stream", filename=name)
    return message.as_bytes()


def bounce(
    original: str, *, action: str = "failed", reason: str = "smtp; 550 5.1.1 no such user", number: int = 1
) -> bytes:
    """A delivery status notification as Postfix writes it."""
    return (
        "Return-Path: <>\r\n"
        "From: Mail Delivery System <MAILER-DAEMON@mx.example.fr>\r\n"
        f"To: {OURS}\r\n"
        "Subject: Undelivered Mail Returned to Sender\r\n"
        f"Message-ID: <{number}@mx.example.fr>\r\n"
        "Auto-Submitted: auto-replied\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b1"\r\n'
        "MIME-Version: 1.0\r\n\r\n"
        "--b1\r\nContent-Type: text/plain\r\n\r\nThis is the mail system at host mx.example.fr.\r\n\r\n"
        "--b1\r\nContent-Type: message/delivery-status\r\n\r\n"
        "Reporting-MTA: dns; mx.example.fr\r\n\r\n"
        f"Final-Recipient: rfc822; {CUSTOMER}\r\nAction: {action}\r\nStatus: 5.1.1\r\nDiagnostic-Code: {reason}\r\n\r\n"
        "--b1\r\nContent-Type: message/rfc822\r\n\r\n"
        f"Message-ID: {original}\r\nSubject: Re\r\n\r\nBonjour\r\n\r\n"
        "--b1--\r\n"
    ).encode()
