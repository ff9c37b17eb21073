"""The log: an event a line, with the case it belongs to and without a secret."""

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from comity.errors import ConfigurationError
from comity.run.log import CASE, Log

log = logging.getLogger("comity.run.test")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "log.jsonl"


def lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


def test_an_event_has_its_time_its_room_its_case_and_what_belongs_to_it(file):
    begun = Log(file)
    token = CASE.set("cn.gift.clock")
    log.info("call", extra={"seconds": 1.5, "text": "送钟\n\x1b[31m"})
    CASE.reset(token)
    log.warning("dead")
    begun.close()
    first, second = lines(file)
    assert first.pop("at")
    assert first == {
        "level": "INFO",
        "logger": "comity.run.test",
        "event": "call",
        "case": "cn.gift.clock",
        "seconds": 1.5,
        "text": "送钟\n\x1b[31m",
    }
    assert (second["event"], second["case"]) == ("dead", None)


def test_no_secret_stands_in_it(file, monkeypatch):
    monkeypatch.setenv("SOME_API_KEY", "swordfish-from-around")
    begun = Log(file, ["hunter22"])
    log.info("call", extra={"reason": 'key hunter22, "Bearer abc.def", swordfish-from-around'})
    begun.close()
    [line] = lines(file)
    assert line["reason"] == 'key [hidden], "Bearer [hidden]", [hidden]'


def test_no_secret_stands_in_it_as_json_writes_it(file):
    begun = Log(file, ['pass"word\\1'])
    log.info("call", extra={"reason": 'refused pass"word\\1'})
    begun.close()
    assert [line["reason"] for line in lines(file)] == ["refused [hidden]"]


def test_half_a_character_does_not_end_it(file):
    begun = Log(file)
    log.info("call", extra={"text": "\ud83d"})
    log.info("next")
    begun.close()
    assert [line["event"] for line in lines(file)] == ["call", "next"]


def test_without_a_file_the_events_go_nowhere(caplog):
    begun = Log(None)
    log.warning("retry")
    begun.close()
    assert not caplog.records


def test_afterwards_the_logger_is_as_it_was(file):
    logger = logging.getLogger("comity")
    before = (logger.propagate, logger.level, list(logger.handlers))
    Log(file).close()
    assert (logger.propagate, logger.level, list(logger.handlers)) == before


def test_a_full_disk_ends_the_log_and_not_the_run():
    begun = Log(Path("/dev/full"))
    log.info("call")
    log.info("call")
    assert "/dev/full cannot be written" in (begun.trouble or "")
    begun.close()


def test_a_place_that_cannot_be_written_is_refused(tmp_path):
    with pytest.raises(ConfigurationError, match=r"--log-json: .* cannot be written"):
        Log(tmp_path / "missing" / "log.jsonl")
