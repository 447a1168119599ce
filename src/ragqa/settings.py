"""Settings: defaults, then ``ragqa.toml``, then ``RAGQA_*`` variables, then command-line options; the last one wins.

RAGQA_INDEX=/srv/ragqa/index ragqa ask "Is memantine effective in OCD?"
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from ragqa.errors import SettingsError

DEFAULT_MODEL = "bge-small-en-v1.5-int8"
DEFAULT_ENGINE = "faiss"
Audience = Literal["clinician", "patient"]
"""Whom an answer is worded for."""


class Settings(BaseSettings):
    """All that can be set. The defaults were chosen by hand, those that decide answers for the reasons beside them."""

    model_config = SettingsConfigDict(env_prefix="RAGQA_", toml_file="ragqa.toml", frozen=True, extra="forbid")

    corpus: Path = Field(default=Path("corpus"), description="folder of articles, abstracts and the review log")
    index: Path = Field(default=Path("indexes/default"), description="folder of built generations")
    generations: int = Field(
        default=3, ge=2, le=1000, description="generations kept, so that answers made from them can be replayed"
    )
    library: Path = Field(default=Path("library.sqlite"), description="file of signed-off answers")
    abstracts: Literal["cited", "all"] = Field(
        default="cited", description="'all' also indexes abstracts no approved article cites (benchmarks)"
    )
    model: str = Field(default=DEFAULT_MODEL, description="the packaged default, or any sentence-transformers name or folder")
    vector_engine: str = Field(default=DEFAULT_ENGINE, description="what keeps and searches the vectors of an index")
    # A third of it ranks worse on SciFact (docs/decisions/0019-ranking.md).
    passage_characters: int = Field(default=1800, ge=200, le=8000, description="longest passage")
    # Better than reciprocal rank fusion on three public sets (docs/decisions/0004-fusion.md); eval/learn/train_fusion.py
    # leaves it as it is, because answers depend on it.
    dense_weight: float = Field(default=0.7, ge=0, le=1, description="share of the dense score in the fused score, on average")
    candidates: int = Field(default=100, ge=1, le=10_000, description="passages each retriever proposes")
    sources: int = Field(default=8, ge=1, le=100, description="sources an answer is composed from")
    # Raised from 0.5, which cost no question of the gold set's development half (docs/decisions/0006-abstention.md); the weights
    # behind the probability are fitted by eval/learn/calibrate.py.
    abstain_below: float = Field(
        default=0.6, ge=0, le=1, description="probability of being answerable below which ragqa abstains"
    )
    passages_per_source: int = Field(default=5, ge=1, le=20, description="so that one paper cannot fill the list")
    audience: Audience = "clinician"
    redact: bool = Field(
        default=True, description="take patient identifiers out of questions before anything is searched or stored"
    )
    two_person: bool = Field(default=True, description="who submitted an article's content may not approve it")
    ncbi_url: str = Field(
        default="https://eutils.ncbi.nlm.nih.gov/entrez/eutils",
        pattern=r"^https?://[^\s/]+",
        description="NCBI E-utilities, or a mirror inside the house",
    )
    ncbi_email: str | None = Field(default=None, description="whom NCBI may write to about the requests; it asks for one")
    ncbi_api_key: SecretStr | None = Field(default=None, description="raises NCBI's limit from 3 to 10 requests a second")
    serving: Path = Field(
        default=Path("serving"), description="folder of accounts, conversations and answers kept by `ragqa serve`"
    )
    results: Path = Field(default=Path("eval/results"), description="folder of scorecards that the evaluation page shows")
    reading: Literal["open", "closed"] = Field(default="open", description="'closed': only who signed in may read")
    asking: Literal["open", "closed"] = Field(default="open", description="'closed': only who signed in may ask")
    hosts: tuple[str, ...] = Field(
        default=("localhost", "127.0.0.1", "[::1]"),
        description="names this server answers to, as in the Host header; '*' for any",
    )
    https: bool = Field(default=False, description="readers reach the server over HTTPS: cookies are sent over nothing else")
    workers: int = Field(default=0, ge=0, le=64, description="questions answered at a time; 0: one per core")
    waiting: int = Field(default=8, ge=0, le=1000, description="questions that may wait; past them the server says 429")
    request_seconds: float = Field(default=20.0, gt=0, le=600, description="time for one request, waiting included")
    body_bytes: int = Field(default=65536, ge=1024, le=16 * 1024 * 1024, description="largest request body")
    asks_per_minute: int = Field(default=60, ge=0, le=100_000, description="per client, 20 at once at most; 0: no limit")
    session_hours: int = Field(default=10, ge=1, le=24 * 90, description="after which one has to sign in again")
    token_days: int = Field(default=90, ge=1, le=3650, description="after which an API token ends, unless made with --days")
    answers_kept: int = Field(default=10_000, ge=0, le=10_000_000, description="newest answers that can be linked to")
    answers_bytes: int = Field(
        default=512 * 1024 * 1024, ge=1024 * 1024, le=1024**4, description="of all kept answers together; the oldest go first"
    )
    conversations_kept: int = Field(
        default=10_000, ge=1, le=1_000_000, description="conversations on disk; past them those longest untouched go"
    )
    conversation_days: int = Field(default=30, ge=1, le=3650, description="after which an untouched conversation is deleted")
    log_questions: bool = Field(default=False, description="write questions to the log; they may tell of patients")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Command line, then environment, then file."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)


def load_settings(**overrides: Any) -> Settings:
    """Return the settings in force; an override of ``None`` means "not given".

    Raises:
        SettingsError: a value is unknown or out of range, or ``ragqa.toml`` is not TOML.
    """
    given = {name: value for name, value in overrides.items() if value is not None}
    try:
        return Settings(**given)
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise SettingsError(f"settings: {faults}. See ragqa.toml, RAGQA_* variables and the options given.") from error
    except ValueError as error:
        raise SettingsError(f"ragqa.toml cannot be read: {error}") from error
