"""The file of the master key: made once, for its owner alone, and never told."""

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from service.failures import AddressesUnavailable
from service.master_key import MasterKeyFile


def test_the_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "master.key"
    assert MasterKeyFile(path).read() is None
    made = MasterKeyFile(path).make()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    again = MasterKeyFile(path)
    assert (again.make().secret, again.read().id) == (made.secret, made.id)
    assert os.listdir(path.parent) == ["master.key"]
    assert made.secret.hex() not in repr(made)


def test_those_who_make_it_at_once_agree(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    with ThreadPoolExecutor(16) as threads:
        made = list(threads.map(lambda _: MasterKeyFile(path).make().secret, range(64)))
    assert len(set(made)) == 1


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o660, 0o622])
def test_a_file_that_others_can_read_or_change_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "master.key"
    MasterKeyFile(path).make()
    path.chmod(mode)
    with pytest.raises(AddressesUnavailable, match=f"chmod 600 {path}"):
        MasterKeyFile(path).read()
    path.chmod(0o440)  # as containers are given their secrets
    assert MasterKeyFile(path).read()


@pytest.mark.parametrize("text", ["", "hello", "00" * 31, "00" * 33, "é" * 64])
def test_a_file_that_is_no_key_is_named_and_not_shown(tmp_path: Path, text: str) -> None:
    path = tmp_path / "master.key"
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    with pytest.raises(AddressesUnavailable, match=str(path)) as refused:
        MasterKeyFile(path).read()
    assert not text or text not in str(refused.value)


def test_a_file_that_was_replaced_is_read_anew(tmp_path: Path) -> None:
    file, other = MasterKeyFile(tmp_path / "master.key"), MasterKeyFile(tmp_path / "other.key")
    first, second = file.make(), other.make()
    other.path.rename(file.path)
    assert file.read().secret == second.secret != first.secret
