"""Every setting of the bot's processes: one typed table, read from the environment and `.env`."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal

from limits import parse_many
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

Port = Annotated[int, Field(ge=1, le=65535)]
Words = Annotated[tuple[str, ...], NoDecode]  # comma-separated in the environment


class SettingsError(Exception):
    """A setting that cannot be used; the message names the variable, what was expected and what was got."""


class Settings(BaseSettings):
    """Field name → environment variable is the alias; `python -m bot settings` prints this table."""

    model_config = SettingsConfigDict(
        env_file=".env",
        env_file_encoding="utf-8",
        extra="ignore",
        populate_by_name=True,
        frozen=True,
        hide_input_in_errors=True,
    )

    # where it listens
    host: str = Field(
        "127.0.0.1",
        alias="GUICHET_HOST",
        description="Address the public port is bound to; 0.0.0.0 opens it to the network.",
    )
    port: Port = Field(8080, alias="PORT", description="The public port: pages, widget and chat API.")
    internal_port: Port = Field(
        8081, alias="GUICHET_INTERNAL_PORT", description="Loopback port of the internal API, used by actions only."
    )
    kb_port: Port = Field(8082, alias="GUICHET_KB_PORT", description="Loopback port of the search service.")
    actions_port: Port = Field(8083, alias="GUICHET_ACTIONS_PORT", description="Loopback port of the action server.")
    rasa_port: Port = Field(8084, alias="GUICHET_RASA_PORT", description="Loopback port of Rasa.")
    public_url: str = Field(
        "",
        alias="GUICHET_PUBLIC_URL",
        description="Address customers reach this server at, used for links in mails; empty: http://GUICHET_HOST:PORT.",
    )

    # where it keeps things
    data_dir: Path = Field(
        Path("var"), alias="GUICHET_DATA_DIR", description="Folder of database, attachments, index versions and models."
    )
    database_url: str = Field(
        "",
        alias="DATABASE_URL",
        description="SQLAlchemy URL of the database; empty: SQLite file guichet.db in GUICHET_DATA_DIR.",
    )
    content_dir: Path = Field(
        Path("data"), alias="GUICHET_CONTENT_DIR", description="Folder of company.yml, messages and articles."
    )

    # trust
    internal_token: SecretStr = Field(
        SecretStr(""),
        alias="GUICHET_INTERNAL_TOKEN",
        description="Secret between the processes; `python -m bot run` makes a new one at each start.",
    )
    secret_key: SecretStr = Field(
        SecretStr(""),
        alias="GUICHET_SECRET_KEY",
        description="Secret that second factors are encrypted and answers by mail are recognised with, the same for "
        "all processes; after a comma former ones, which only read; empty: secret.key in GUICHET_DATA_DIR, made at the "
        "first start (keep it with your backups).",
    )
    allowed_origins: Words = Field(
        ("*",),
        alias="GUICHET_ALLOWED_ORIGINS",
        description="Comma-separated origins whose pages may embed the widget (https://www.example.com); * is any. "
        "Conversations are protected by their own token, never by cookies.",
    )
    trusted_proxies: Words = Field(
        (),
        alias="GUICHET_TRUSTED_PROXIES",
        description="Comma-separated addresses or networks of reverse proxies whose X-Forwarded-For is believed.",
    )

    # staff
    admin_email: str = Field(
        "",
        alias="GUICHET_ADMIN_EMAIL",
        description="Address of the first administrator, made where nobody exists yet; empty: the log has a link.",
    )
    admin_password: SecretStr = Field(
        SecretStr(""),
        alias="GUICHET_ADMIN_PASSWORD",
        description="Password of the first administrator, 12 characters or more; used once, change it afterwards.",
    )
    oidc_issuer: str = Field(
        "",
        alias="GUICHET_OIDC_ISSUER",
        description="Address of an OpenID Connect provider that staff may sign in with; empty: passwords alone.",
    )
    oidc_client_id: str = Field("", alias="GUICHET_OIDC_CLIENT_ID", description="Our id at that provider.")
    oidc_client_secret: SecretStr = Field(
        SecretStr(""), alias="GUICHET_OIDC_CLIENT_SECRET", description="Our secret at that provider."
    )
    oidc_second_factor: Literal["ours", "provider"] = Field(
        "ours",
        alias="GUICHET_OIDC_SECOND_FACTOR",
        description="Whose second factor counts after signing in at the provider: ours (people who have one here are "
        "asked for it), provider (what it asks is enough).",
    )
    limit_sign_in_address: str = Field(
        "20/5 minute",
        alias="GUICHET_LIMIT_SIGN_IN_ADDRESS",
        description="Attempts of staff to sign in per client address (this machine is not counted); empty: no limit.",
    )
    limit_sign_in_account: str = Field(
        "10/15 minute",
        alias="GUICHET_LIMIT_SIGN_IN_ACCOUNT",
        description="Attempts of staff to sign in per account since the last success; empty: no limit.",
    )

    # mail and webhook
    smtp_host: str = Field("", alias="SMTP_HOST", description="Mail server; empty: no mail is sent.")
    smtp_port: Port = Field(587, alias="SMTP_PORT", description="Port of the mail server.")
    smtp_user: str = Field("", alias="SMTP_USER", description="User at the mail server; empty: no sign-in.")
    smtp_password: SecretStr = Field(SecretStr(""), alias="SMTP_PASSWORD", description="Password at the mail server.")
    smtp_security: Literal["starttls", "tls", "none"] = Field(
        "starttls",
        alias="SMTP_SECURITY",
        description="starttls (port 587), tls (port 465) or none (only for a server on this machine).",
    )
    smtp_from: str = Field(
        "", alias="SMTP_FROM", description="Sender of mails; empty: the company's address in company.yml."
    )
    staff_email: str = Field(
        "",
        alias="GUICHET_STAFF_EMAIL",
        description="Where new cases are announced; empty: the company's address in company.yml.",
    )
    webhook_url: str = Field(
        "",
        alias="GUICHET_WEBHOOK_URL",
        description="Address that receives every new case, and each consent to it, as signed JSON; empty: none.",
    )
    webhook_secret: SecretStr = Field(
        SecretStr(""),
        alias="GUICHET_WEBHOOK_SECRET",
        description="Key of the webhook's HMAC-SHA256 signature; required with GUICHET_WEBHOOK_URL.",
    )

    webhook_allow_private: bool = Field(
        False,
        alias="GUICHET_WEBHOOK_PRIVATE",
        description="Whether GUICHET_WEBHOOK_URL may be an address of the own network.",
    )

    # mail in
    inbound_email: str = Field(
        "",
        alias="GUICHET_INBOUND_EMAIL",
        description="Address whose mails are read (IMAP, inbound webhook); customers' answers go there; empty: they go "
        "to GUICHET_STAFF_EMAIL.",
    )
    inbound_plus: bool = Field(
        False,
        alias="GUICHET_INBOUND_PLUS",
        description="Whether mails to name+anything@ arrive at GUICHET_INBOUND_EMAIL; answers then go to "
        "name+reference@, which no mail program loses.",
    )
    inbound_secret: SecretStr = Field(
        SecretStr(""),
        alias="GUICHET_INBOUND_SECRET",
        description="Key that calls of POST /api/inbound/mail are signed with; empty: no mails are taken there.",
    )
    mail_bytes: int = Field(
        25 * 1024 * 1024, alias="GUICHET_MAIL_BYTES", ge=64 * 1024, description="Largest mail that is read, in bytes."
    )
    mail_authserv: str = Field(
        "",
        alias="GUICHET_MAIL_AUTHSERV",
        description="Name by which our mail server signs its Authentication-Results; mails that it calls forged "
        "(dmarc=fail) join a case as a note only; empty: nobody's word is taken.",
    )
    limit_mail: str = Field(
        "10/hour",
        alias="GUICHET_LIMIT_MAIL",
        description="Confirmations that one sender's mails are answered with; more open tickets without one, so that "
        "two machines never write to each other for ever; empty: no limit.",
    )
    imap_host: str = Field("", alias="IMAP_HOST", description="Server of the mailbox that is read; empty: none is.")
    imap_port: Port = Field(993, alias="IMAP_PORT", description="Port of that server.")
    imap_user: str = Field("", alias="IMAP_USER", description="User of the mailbox; empty: GUICHET_INBOUND_EMAIL.")
    imap_password: SecretStr = Field(SecretStr(""), alias="IMAP_PASSWORD", description="Password of the mailbox.")
    imap_oauth_command: str = Field(
        "",
        alias="IMAP_OAUTH_COMMAND",
        description="Command that prints an access token for the mailbox, run at each sign-in (XOAUTH2) instead of "
        "IMAP_PASSWORD; empty: none.",
    )
    imap_oauth_token_url: str = Field(
        "",
        alias="IMAP_OAUTH_TOKEN_URL",
        description="Address where IMAP_OAUTH_REFRESH_TOKEN gets access tokens (XOAUTH2) instead of IMAP_PASSWORD; "
        "empty: none.",
    )
    imap_oauth_client_id: str = Field("", alias="IMAP_OAUTH_CLIENT_ID", description="Our id at that address.")
    imap_oauth_client_secret: SecretStr = Field(
        SecretStr(""), alias="IMAP_OAUTH_CLIENT_SECRET", description="Our secret at that address, where it wants one."
    )
    imap_oauth_refresh_token: SecretStr = Field(
        SecretStr(""), alias="IMAP_OAUTH_REFRESH_TOKEN", description="Refresh token of the mailbox's owner."
    )
    imap_oauth_scope: str = Field(
        "", alias="IMAP_OAUTH_SCOPE", description="Scope that is asked for with it, where the provider wants one."
    )
    imap_security: Literal["tls", "starttls", "none"] = Field(
        "tls",
        alias="IMAP_SECURITY",
        description="tls (port 993), starttls (port 143) or none (only for a server on this machine).",
    )
    imap_folder: str = Field("INBOX", alias="IMAP_FOLDER", description="Folder of the mailbox that is read.")
    imap_poll: float = Field(
        60.0,
        alias="IMAP_POLL",
        gt=0,
        le=3600,
        description="Seconds between looks into the mailbox; a server that can (IDLE) tells of new mails at once.",
    )

    # another ticket system
    ticket_system: Literal["", "zammad", "rest"] = Field(
        "",
        alias="GUICHET_TICKET_SYSTEM",
        description="Ticket system that cases are handed to: zammad, rest (described by GUICHET_TICKET_TEMPLATE); "
        "empty: none.",
    )
    ticket_url: str = Field(
        "", alias="GUICHET_TICKET_URL", description="Address of the ticket system, such as https://support.example.com."
    )
    ticket_token: SecretStr = Field(
        SecretStr(""), alias="GUICHET_TICKET_TOKEN", description="Access token for the ticket system."
    )
    ticket_group: str = Field(
        "Users", alias="GUICHET_TICKET_GROUP", description="Zammad: group that new tickets belong to."
    )
    ticket_template: str = Field(
        "", alias="GUICHET_TICKET_TEMPLATE", description="rest: YAML file that says how the system is spoken to."
    )
    ticket_secret: SecretStr = Field(
        SecretStr(""),
        alias="GUICHET_TICKET_SECRET",
        description="Key that the ticket system signs calls of POST /api/inbound/ticket with; empty: none are taken.",
    )
    ticket_poll: float = Field(
        300.0,
        alias="GUICHET_TICKET_POLL",
        ge=1,
        le=86_400,
        description="Seconds between looks at the state of a ticket that is open; others are asked for ever later.",
    )
    ticket_allow_private: bool = Field(
        False,
        alias="GUICHET_TICKET_PRIVATE",
        description="Whether GUICHET_TICKET_URL may be an address of the own network.",
    )

    # turns
    turn_deadline: float = Field(
        45.0,
        alias="GUICHET_TURN_DEADLINE",
        gt=0,
        le=300,
        description="Seconds a customer waits for a dialogue engine that is being started again before the way to a "
        "ticket is offered; one that runs but does not answer gets at most 25.",
    )
    turn_workers: int = Field(
        32,
        alias="GUICHET_TURN_WORKERS",
        ge=1,
        le=1000,
        description="Turns delivered to Rasa at the same time, each of another conversation.",
    )
    rasa_text_limit: int = Field(
        2000,
        alias="GUICHET_RASA_TEXT_LIMIT",
        ge=100,
        le=10_000,
        description="Characters of a message that are given to the dialogue; the journal keeps all of it.",
    )
    heartbeat: float = Field(
        15.0,
        alias="GUICHET_HEARTBEAT",
        gt=0,
        le=60,
        description="Seconds between signs of life on an idle event stream.",
    )

    # limits
    message_limit: int = Field(
        10_000, alias="GUICHET_MESSAGE_LIMIT", ge=100, le=100_000, description="Most characters of one message."
    )
    attachment_bytes: int = Field(
        5 * 1024 * 1024, alias="GUICHET_ATTACHMENT_BYTES", ge=1024, description="Largest attachment in bytes."
    )
    attachment_count: int = Field(
        5,
        alias="GUICHET_ATTACHMENT_COUNT",
        ge=0,
        le=100,
        description="Most attachments that wait for the conversation's next case.",
    )
    limit_conversations: str = Field(
        "60/hour",
        alias="GUICHET_LIMIT_CONVERSATIONS",
        description="New conversations per client address (a browser on this machine is not counted); empty: no limit.",
    )
    limit_messages: str = Field(
        "300/minute", alias="GUICHET_LIMIT_MESSAGES", description="Messages per conversation; empty: no limit."
    )
    limit_cases: str = Field(
        "30/hour", alias="GUICHET_LIMIT_CASES", description="Cases per conversation; empty: no limit."
    )
    limit_uploads: str = Field(
        "60/hour", alias="GUICHET_LIMIT_UPLOADS", description="Uploads per conversation; empty: no limit."
    )
    limit_case_pages: str = Field(
        "120/hour",
        alias="GUICHET_LIMIT_CASE_PAGES",
        description="Visits of case pages (links in mails) per client address; empty: no limit.",
    )
    limit_help: str = Field(
        "600/minute",
        alias="GUICHET_LIMIT_HELP",
        description="Searches of the help page while one types, and rechecks of answers, per client address; empty: no "
        "limit.",
    )
    limit_feedback: str = Field(
        "60/hour",
        alias="GUICHET_LIMIT_FEEDBACK",
        description="Opinions on articles per client address; empty: no limit.",
    )
    limit_streams: int = Field(
        20,
        alias="GUICHET_LIMIT_STREAMS",
        ge=1,
        description="Event streams open at the same time per conversation (tabs).",
    )

    # how long things are kept
    retention_days: int = Field(
        365,
        alias="GUICHET_RETENTION_DAYS",
        ge=0,
        le=36_500,
        description="Days after its last message for which a conversation is kept, unless a case still refers to it; "
        "0: for ever.",
    )
    retention_cases_days: int = Field(
        1095,
        alias="GUICHET_RETENTION_CASES_DAYS",
        ge=0,
        le=36_500,
        description="Days for which a case is kept that is resolved or closed, since its last change; 0: for ever.",
    )
    retention_audit_days: int = Field(
        365,
        alias="GUICHET_RETENTION_AUDIT_DAYS",
        ge=0,
        le=36_500,
        description="Days for which is kept what staff did and from which address; 0: for ever.",
    )

    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", alias="GUICHET_LOG_LEVEL", description="Least severe log line that is written."
    )

    @field_validator("allowed_origins", "trusted_proxies", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return (
            tuple(word.strip().rstrip("/") for word in value.split(",") if word.strip())
            if isinstance(value, str)
            else value
        )

    @field_validator("trusted_proxies", mode="after")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for word in value:
            ip_network(word, strict=False)
        return value

    @field_validator(
        "limit_conversations",
        "limit_messages",
        "limit_cases",
        "limit_uploads",
        "limit_case_pages",
        "limit_sign_in_address",
        "limit_sign_in_account",
        "limit_mail",
        "limit_help",
        "limit_feedback",
    )
    @classmethod
    def _rate(cls, value: str) -> str:
        if value:
            parse_many(value)
        return value

    @property
    def base_url(self) -> str:
        """Address of this server as customers reach it, without a slash at the end."""
        host = "127.0.0.1" if self.host in ("0.0.0.0", "::") else self.host
        return self.public_url.rstrip("/") or f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    @property
    def database(self) -> str:
        """SQLAlchemy URL of the database, always with an asynchronous driver."""
        return self.database_url or f"sqlite+aiosqlite:///{self.data_dir / 'guichet.db'}"

    def service_url(self, port: int) -> str:
        """Base address of one of our processes on this machine."""
        return f"http://127.0.0.1:{port}"


def load_settings(**overrides: object) -> Settings:
    """Read the environment; SettingsError names each variable that cannot be used."""
    try:
        return Settings(**overrides)  # type: ignore[arg-type]
    except ValidationError as error:
        lines = [f"{'.'.join(str(part) for part in item['loc'])}: {item['msg']}" for item in error.errors()]
        raise SettingsError("settings that cannot be used:\n  " + "\n  ".join(lines)) from None
    except ValueError as error:
        raise SettingsError(f"settings that cannot be used: {error}") from None


@lru_cache(maxsize=1)
def table() -> tuple[tuple[str, str, str], ...]:
    """(variable, default, help) of every setting, in the order of the class."""
    rows = []
    for field in Settings.model_fields.values():
        default = field.default
        if isinstance(default, SecretStr):
            default = default.get_secret_value()
        elif isinstance(default, tuple):
            default = ",".join(default)
        rows.append((str(field.alias), str(default), str(field.description)))
    return tuple(rows)
