"""Every setting of the search service: one typed table, read from the environment (and from `.env`)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from kb_index.errors import SettingsError


class Settings(BaseSettings):
    """Field name → environment variable is the alias; shared names mean the same as in the bot's processes."""

    model_config = SettingsConfigDict(
        env_file=".env", env_file_encoding="utf-8", extra="ignore", populate_by_name=True, frozen=True
    )

    data_dir: Path = Field(
        Path("var"), alias="GUICHET_DATA_DIR", description="Folder of index versions (in its folder kb)."
    )
    content_dir: Path = Field(
        Path("data"), alias="GUICHET_CONTENT_DIR", description="Folder of kb.yml, articles and level topics."
    )
    kb_port: Annotated[int, Field(ge=1, le=65535)] = Field(
        8082, alias="GUICHET_KB_PORT", description="Loopback port of the search service."
    )
    internal_token: SecretStr = Field(
        SecretStr(""), alias="GUICHET_INTERNAL_TOKEN", description="Secret between the processes; empty: none is asked."
    )
    encoder: str = Field(
        "",
        alias="GUICHET_ENCODER",
        description="Name or path of a sentence-transformers model; empty: the bundled one. Then build again.",
    )
    encoder_threads: Annotated[int, Field(ge=1, le=64)] = Field(
        1,
        alias="GUICHET_ENCODER_THREADS",
        description="Threads that encode one question (the build uses twice as many).",
    )
    error_bound: Annotated[float, Field(gt=0, lt=1)] = Field(
        0.10,
        alias="GUICHET_ERROR_BOUND",
        description="Largest share of wrong answers among those given, kept with 95 % confidence. Then build again.",
    )
    keep_versions: Annotated[int, Field(ge=2)] = Field(
        10, alias="GUICHET_KEEP_VERSIONS", description="Index versions kept for rollback."
    )

    job_memory_mb: Annotated[int, Field(ge=128)] = Field(
        2048,
        alias="GUICHET_JOB_MEMORY_MB",
        description="Memory that a job of the console (import, check before publishing, fitting) may take.",
    )
    job_seconds: Annotated[float, Field(gt=0)] = Field(
        1800, alias="GUICHET_JOB_SECONDS", description="Seconds that such a job may take."
    )
    fit_after: Annotated[float, Field(ge=0)] = Field(
        20,
        alias="GUICHET_FIT_AFTER",
        description="Seconds after the last publication until probabilities are fitted anew in the background.",
    )
    import_hosts: str = Field(
        "",
        alias="GUICHET_IMPORT_HOSTS",
        description="Hosts in your own network that python -m kb_index import may fetch from, separated by commas.",
    )

    @property
    def versions_dir(self) -> Path:
        """Folder of index versions."""
        return self.data_dir / "kb"


def load_settings(**overrides: object) -> Settings:
    """Read the environment; SettingsError names each variable that cannot be used."""
    try:
        return Settings(**overrides)  # type: ignore[arg-type]
    except ValidationError as error:
        lines = [f"{'.'.join(str(part) for part in item['loc'])}: {item['msg']}" for item in error.errors()]
        raise SettingsError("settings that cannot be used:\n  " + "\n  ".join(lines)) from None
