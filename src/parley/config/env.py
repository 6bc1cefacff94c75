"""What the operator may set, each with a sentence. Nothing is required. docs/configuration.md says more."""

import os
import secrets
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit


def variable(name: str, default: str = "") -> Any:
    return field(default=default, metadata={"variable": name})


@dataclass(frozen=True)
class Env:
    #: Directory, and the only cell unless PARLEY_CELLS says otherwise: sqlite:///file or postgresql://…
    database: str = variable("DATABASE_URL")
    #: Cells as name=url, separated by blanks, such as eu1=postgresql://… A name stays while accounts live there.
    cells: str = variable("PARLEY_CELLS")
    #: The region of the only cell where PARLEY_CELLS is not set: eu, uk, us or sg.
    region: str = variable("PARLEY_REGION", "eu")
    #: Redis for wake-ups between machines; without it, sockets or NOTIFY.
    redis: str = variable("REDIS_URL")
    #: The folder of everything that is kept on this machine.
    data: str = variable("PARLEY_DATA", "./var")
    #: The public site's domain; an account answers at NAME in front of it.
    base_domain: str = variable("PARLEY_BASE_DOMAIN", "localhost")
    #: Signs and encrypts. Made with mode 0600 in the data folder when unset; the same on every machine.
    secret_key: str = variable("PARLEY_SECRET_KEY")
    #: Earlier secret keys, separated by blanks: still read, no longer written.
    old_secret_keys: str = variable("PARLEY_OLD_SECRET_KEYS")
    #: Where mail is handed over: smtp://user:password@host:587 (STARTTLS), smtps://…:465. Unset: caught.
    smtp_relay: str = variable("PARLEY_SMTP_RELAY")
    #: The operator's time zone: business days and deadlines of the terms.
    operator_tz: str = variable("PARLEY_OPERATOR_TZ", "Europe/Bratislava")
    #: Files of accounts: a folder, or s3://bucket/prefix?endpoint=…&region=… Default: files in the data folder.
    files: str = variable("PARLEY_FILES")
    #: https where a proxy in front speaks TLS: cookies are then Secure and links begin so.
    scheme: str = variable("PARLEY_SCHEME", "http")
    #: The port people see in links; empty for the scheme's own.
    public_port: str = variable("PARLEY_PUBLIC_PORT")
    #: How many proxies in front add to X-Forwarded-For.
    proxies: str = variable("PARLEY_PROXIES", "0")
    #: on: time may be moved (sandboxes only). `parley serve --test-clock` sets it.
    test_clock: str = variable("PARLEY_TEST_CLOCK")
    #: SQLite: FULL loses nothing on power loss, NORMAL may lose the last commits.
    synchronous: str = variable("PARLEY_SYNCHRONOUS", "FULL")
    #: Threads that serve pages.
    threads: str = variable("PARLEY_THREADS", "8")
    #: Worker processes that `parley serve` starts.
    workers: str = variable("PARLEY_WORKERS", "1")
    #: Events a live page may lag before it is told to load afresh.
    live_most_behind: str = variable("PARLEY_LIVE_MOST_BEHIND", "10000")
    #: The largest mail taken, in bytes (answered 552 above).
    largest_mail: str = variable("PARLEY_LARGEST_MAIL", "52428800")

    @classmethod
    def read(cls) -> "Env":
        given = {f.name: os.environ.get(f.metadata["variable"]) for f in fields(cls)}
        return cls(**{name: value for name, value in given.items() if value})

    @property
    def data_dir(self) -> Path:
        return Path(self.data).resolve()

    def databases(self) -> tuple[dict[str, dict], list[str]]:
        """Django's DATABASES, and which of them are cells."""
        cells = dict(each.split("=", 1) for each in self.cells.split())
        urls = {"default": self.database or f"sqlite:///{self.data_dir / 'parley.sqlite3'}"} | cells
        return {name: self._database(url) for name, url in urls.items()}, list(cells) or ["default"]

    def keys(self) -> tuple[str, list[str]]:
        """The secret key, made at first use, and those before it."""
        return self.secret_key or self._kept_key(), self.old_secret_keys.split()

    def _kept_key(self) -> str:
        place = self.data_dir / "secret_key"
        if not place.exists():
            place.parent.mkdir(parents=True, exist_ok=True)
            fresh = place.with_suffix(f".{os.getpid()}")
            fresh.touch(mode=0o600)
            fresh.write_text(secrets.token_urlsafe(48))
            try:
                os.link(fresh, place)  # of processes that start together the first wins
            except FileExistsError:
                pass
            finally:
                fresh.unlink()
        return place.read_text().strip()

    def _database(self, url: str) -> dict[str, Any]:
        parts = urlsplit(url)
        if parts.scheme == "sqlite":
            pragmas = f"PRAGMA journal_mode=WAL; PRAGMA synchronous={self.synchronous};"
            name = unquote(parts.path[1:])
            Path(name).resolve().parent.mkdir(parents=True, exist_ok=True)
            return {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": name,
                "CONN_MAX_AGE": None,
                "TEST": {"NAME": f"{name}.test"},
                "OPTIONS": {
                    "transaction_mode": "IMMEDIATE",
                    "timeout": 20,
                    "init_command": pragmas,
                },
            }
        if parts.scheme not in ("postgres", "postgresql"):
            raise ValueError(
                f"DATABASE_URL or PARLEY_CELLS: {parts.scheme}:// is neither sqlite nor postgresql"
            )
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": parts.path[1:],
            "HOST": parts.hostname,
            "PORT": parts.port,
            "USER": unquote(parts.username or ""),
            "PASSWORD": unquote(parts.password or ""),
            "CONN_MAX_AGE": None,
            "DISABLE_SERVER_SIDE_CURSORS": True,  # poolers, and fence 5 stamps each statement
        }
