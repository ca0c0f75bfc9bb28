"""The configuration: one frozen object, read once from flags and MEGURI_* variables."""

import re
from collections.abc import Mapping
from pathlib import Path

import msgspec
from msgspec import Struct

PREFIX = "MEGURI_"
DATABASE_URL_FILE = "database_url_file"
"""A file with the address, for it may hold a password: environments are shown to many."""
_ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:[0-9]+)?")
# Read by the tests alone.
_NOT_SETTINGS = {
    *("MEGURI_CHROMIUM", "MEGURI_TEST_DATABASE_URL"),
    *("MEGURI_TEST_CITUS_URL", "MEGURI_TEST_POSTGRES"),
}


class ConfigError(Exception):
    """A setting is unknown or has a wrong value. The text says which and what it may be."""


class Config(Struct, frozen=True, kw_only=True):
    """Every setting, with its unit, its default and the reason for it."""

    database_url: str | None = None
    """A Postgres to use; None starts the embedded one under `data`."""
    data: Path = Path(".meguri")
    """Where the embedded Postgres and the demo keep theirs."""
    master_key_file: Path | None = None
    """The key that opens the addresses of those who are sent prizes; None is `master.key` in
    `data`. Several machines need the same one."""
    host: str = "127.0.0.1"
    """The address to listen on; 0.0.0.0 for all."""
    port: int = 8017
    """The port to listen on; 0 takes a free one."""
    workers: int = 1
    """Processes behind the one port. One per core at most; Postgres needs cores too."""
    public_url: str | None = None
    """What visitors' phones reach us by, as codes say it; None is http://host:port."""
    connections_max: int = 12
    """Connections to Postgres a process: buckets and a few for pages."""
    visitor_buckets: int | None = None
    """Buckets of a new log, fixed when it is created; None is 2, or 64 on a Citus cluster. On one
    Postgres few are best: a batch of 35 costs half of what four batches of 9 cost; two let one be
    decided while the other commits. On Citus many spread over its nodes, those to come too."""
    batch_max: int = 500
    """Check-ins a transaction at most: above, a batch's first waits long for its last."""
    waiting_max: int = 2_000
    """Check-ins waiting a bucket at most: about a second's work; then phones are sent back."""
    wait_seconds_max: float = 5.0
    """How long a phone waits for its commit at most; then it is told to ask again."""
    visitor_requests_max: int = 30
    """Check-in requests of one visitor in `limit_seconds`: a walker makes one, a script many."""
    address_failures_max: int = 100
    """Codes and tokens that do not verify, from one address in `limit_seconds`. What is genuine is
    not counted, so a crowd behind one mobile-carrier address never trips it."""
    limit_seconds: float = 10.0
    """The window of both limits."""
    behind_proxy: bool = False
    """Whether a proxy of ours stands in front: then the last X-Forwarded-For is the address."""
    metrics_token_file: Path | None = None
    """A file with the token that Prometheus shows for /metrics; without one only this machine may
    ask."""
    traces_endpoint: str | None = None
    """Where to send traces, as http://collector:4318 (OTLP over HTTP); None sends none."""
    traces_share: float = 0.05
    """How many of the requests are traced: a busy day has millions."""
    allowed_origins: str = ""
    """Origins whose pages may use the API with a bearer token, such as a mini-app's, with commas
    between them; none unless they are named."""
    body_bytes_max: int = 512 * 1024
    """A request's body at most: a batch of 1,000 scans needs half of it."""
    log_level: str = "info"
    """debug, info, warning or error."""

    @property
    def master_key_path(self) -> Path:
        """Where the master key is."""
        return self.master_key_file or self.data / "master.key"

    @property
    def origins(self) -> frozenset[str]:
        """`allowed_origins`, each. Raises ConfigError."""
        origins = frozenset(filter(None, map(str.strip, self.allowed_origins.split(","))))
        for origin in origins:
            if not _ORIGIN.fullmatch(origin):
                raise ConfigError(
                    f"{PREFIX}ALLOWED_ORIGINS: {origin} is no origin. One is a scheme and a host, "
                    "in small letters and without a path: https://mini.example.org"
                )
        return origins

    def masked(self) -> dict[str, str]:
        """The settings as they may be printed: without the database's password."""
        shown = {field: str(getattr(self, field)) for field in self.__struct_fields__}
        if self.database_url and "@" in self.database_url:
            scheme, _, rest = self.database_url.partition("://")
            shown["database_url"] = f"{scheme}://***@{rest.rpartition('@')[2]}"
        return shown


def read_config(flags: Mapping[str, object], environment: Mapping[str, str]) -> Config:
    """Flags over variables over defaults. Raises ConfigError, naming the setting."""
    values: dict[str, object] = {}
    for name in environment:
        if not name.startswith(PREFIX) or name in _NOT_SETTINGS:
            continue
        field = name.removeprefix(PREFIX).lower()
        if field == DATABASE_URL_FILE:
            values["database_url"] = _content(name, environment[name])
            continue
        if field not in Config.__struct_fields__:
            known = ", ".join(PREFIX + each.upper() for each in Config.__struct_fields__)
            raise ConfigError(f"{name} is not a setting. There are: {known}.")
        values[field] = environment[name]
    values |= {
        name: value
        for name, value in flags.items()
        if value is not None and name in Config.__struct_fields__
    }
    for field, value in values.items():
        _check(field, value)
    config = msgspec.convert(values, Config, strict=False, dec_hook=_path)
    _ = config.origins  # what is wrong with them stops the start, too
    return config


def _content(name: str, file: str) -> str:
    """The first line of a file that holds a secret. Raises ConfigError."""
    try:
        return Path(file).read_text(encoding="utf-8").splitlines()[0].strip()
    except (OSError, UnicodeDecodeError, IndexError) as error:
        raise ConfigError(f"{name}: the file {file} holds no address of a database.") from error


def _check(field: str, value: object) -> None:
    kind = Config.__annotations__[field]
    try:
        msgspec.convert(value, kind, strict=False, dec_hook=_path)
    except msgspec.ValidationError as error:
        raise ConfigError(
            f"{PREFIX}{field.upper()} (--{field.replace('_', '-')}): {error}"
        ) from None


def _path(kind: type, value: object) -> object:
    if kind is Path and isinstance(value, str | Path):
        return Path(value)
    raise NotImplementedError(kind)
