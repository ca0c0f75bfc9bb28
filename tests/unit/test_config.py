"""The configuration: flags over variables over defaults, and nothing unknown."""

from pathlib import Path

import pytest

from service.config import Config, ConfigError, read_config


def test_flags_win_over_variables_and_variables_over_defaults() -> None:
    environment = {"MEGURI_PORT": "9000", "MEGURI_HOST": "0.0.0.0", "HOME": "/x"}  # noqa: S104
    config = read_config({"port": "9001", "host": None, "visitors": 3}, environment)
    assert (config.port, config.host, config.batch_max) == (9001, "0.0.0.0", Config().batch_max)  # noqa: S104


def test_an_unknown_variable_stops_the_start_and_is_named() -> None:
    with pytest.raises(ConfigError, match=r"MEGURI_PROT is not a setting.*MEGURI_PORT"):
        read_config({}, {"MEGURI_PROT": "9000"})


@pytest.mark.parametrize(
    "name",
    ["CHROMIUM", "TEST_DATABASE_URL", "TEST_CITUS_URL", "TEST_POSTGRES"],
)
def test_variables_of_the_tests_are_let_be(name: str) -> None:
    assert read_config({}, {f"MEGURI_{name}": "x"}) == Config()


@pytest.mark.parametrize(
    ("flags", "environment"),
    [({"port": "http"}, {}), ({}, {"MEGURI_PORT": "http"}), ({}, {"MEGURI_BATCH_MAX": "1.5"})],
)
def test_a_wrong_value_names_its_setting(
    flags: dict[str, object], environment: dict[str, str]
) -> None:
    with pytest.raises(ConfigError, match=r"MEGURI_(PORT|BATCH_MAX) \(--(port|batch-max)\)"):
        read_config(flags, environment)


def test_paths_are_paths() -> None:
    assert read_config({"data": "巡り data"}, {}).data == Path("巡り data")


def test_the_databases_password_is_masked() -> None:
    config = Config(database_url="postgresql://user:secret@host/db")
    assert config.masked()["database_url"] == "postgresql://***@host/db"


def test_origins_are_named_with_commas_and_none_is_the_default() -> None:
    named = read_config({}, {"MEGURI_ALLOWED_ORIGINS": "https://a.example, http://127.0.0.1:8080"})
    assert named.origins == {"https://a.example", "http://127.0.0.1:8080"}
    assert Config().origins == frozenset()


@pytest.mark.parametrize("wrong", ["*", "null", "a.example", "https://a.example/", "HTTPS://a.b"])
def test_what_is_no_origin_stops_the_start(wrong: str) -> None:
    with pytest.raises(ConfigError, match="is no origin"):
        read_config({}, {"MEGURI_ALLOWED_ORIGINS": wrong})


def test_the_databases_address_may_be_in_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "url"
    secret.write_text("postgresql://me:pass@host/db\n")
    config = read_config({}, {"MEGURI_DATABASE_URL_FILE": str(secret)})
    assert config.database_url == "postgresql://me:pass@host/db"
    flags = {"database_url": "postgresql:///other"}
    assert read_config(flags, {"MEGURI_DATABASE_URL_FILE": str(secret)}).database_url == (
        "postgresql:///other"
    )


def test_a_file_that_holds_no_address_is_named_and_not_shown(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    for name in ("empty", "not-there"):
        with pytest.raises(ConfigError, match=name):
            read_config({}, {"MEGURI_DATABASE_URL_FILE": str(tmp_path / name)})
