from __future__ import annotations

import logging
import re
from pathlib import Path

import pytest

from forge_lsp.logfile import LOG_NAME, Log, redact


@pytest.mark.parametrize(
    "text",
    [
        "key sk-ant-api03-SECRETSECRET",
        "Authorization: Bearer SECRETSECRET.x-y",
        "ANTHROPIC_API_KEY=SECRETSECRET",
        '{"api_key": "SECRETSECRET"}',
        "x-api-key: SECRETSECRET",
        "http://user:SECRETSECRET@host/path",
        "?token=SECRETSECRET&a=1",
    ],
)
def test_secrets_are_redacted(text: str) -> None:
    assert "SECRETSECRET" not in redact(text)
    assert "[secret]" in redact(text)


@pytest.mark.parametrize("key", ["AKIAIOSFODNN7EXAMPLE", "ghp_0123456789abcdefghij", "glpat-0123456789abcdefghij"])
def test_bare_keys_are_redacted(key: str) -> None:
    said = redact(f"the key {key}, then more")
    assert key[4:] not in said
    assert re.fullmatch(r"the key \w*-?\[secret\], then more", said)


def test_plain_words_stay() -> None:
    text = "attempt 2/10: 512 tokens, token count 7, the secret of it"
    assert redact(text) == text


def test_early_records_reach_the_private_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logging.getLogger("forge_lsp"), "level", logging.INFO)
    log = Log()
    try:
        logger = logging.getLogger("forge_lsp.test")
        logger.warning("early Bearer SECRETSECRET")
        folder = tmp_path / "state"
        log.open(folder)
        try:
            raise ValueError("password=SECRETSECRET")
        except ValueError:
            logger.exception("late")
        logging.getLogger("pygls").info("Sending data: the user's code")
    finally:
        log.close()
    text = (folder / LOG_NAME).read_text()
    assert "early" in text
    assert "late" in text
    assert "Traceback" in text
    assert "SECRETSECRET" not in text
    assert "the user's code" not in text
    assert (folder / LOG_NAME).stat().st_mode & 0o077 == 0
    assert folder.stat().st_mode & 0o077 == 0


def test_a_folder_that_cannot_be_made_is_no_reason_to_stop(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")
    log = Log()
    log.open(tmp_path / "state")
    assert log.path is None
    log.close()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full is a part of Linux")
def test_a_full_disk_costs_the_log_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / LOG_NAME).symlink_to("/dev/full")
    log = Log()
    try:
        log.open(tmp_path)
        logging.getLogger("forge_lsp.test").warning("lost")
    finally:
        log.close()
    assert capsys.readouterr() == ("", "")
