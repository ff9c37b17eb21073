"""The jobs of docs/ci.md: they are whole YAML, and call nothing that is not there."""

import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from comity.cli import main

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/ci.md").read_text("utf-8")
JOBS = [yaml.safe_load(block) for block in re.findall(r"^```yaml\n(.*?)^```", PAGE, re.M | re.S)]
OPTION = r"(?<![\w-])--?[a-z][a-z-]*"
OURS = ("pytest", "comity", "pip", "playwright")


def scripts(node):
    """Yield the shell's words of a job, of GitHub's or GitLab's."""
    if isinstance(node, list):
        for one in node:
            yield from scripts(one)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key == "run":
                yield value
            elif key in ("before_script", "script", "after_script"):
                yield "\n".join(value)
            else:
                yield from scripts(value)


def commands():
    """Return each call of a program, as words."""
    found = []
    for script in scripts(JOBS):
        for line in re.sub(r"\$\{\{[^}]*\}\}", "x", script).splitlines():
            words = shlex.split(line.partition(" || ")[0].partition(" >")[0])
            if words and words[0] in OURS:
                found.append(words)
    return found


def options(words):
    """Return the options, without hyphens within: pytest takes --junitxml for --junit-xml."""
    given = [word.partition("=")[0] for word in words]
    return {as_named(word) for word in given if re.fullmatch(OPTION, word)}


def as_named(option):
    return option.lstrip("-").replace("-", "")


@pytest.fixture(scope="module")
def known_to_pytest():
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return {as_named(option) for option in re.findall(OPTION, done.stdout)}


def test_there_are_jobs_and_their_scripts_are_whole():
    assert len(JOBS) == 3
    assert len(commands()) >= 10
    for script in scripts(JOBS):
        plain = re.sub(r"\$\{\{[^}]*\}\}", "x", script)
        done = subprocess.run(["bash", "-n"], input=plain, text=True, check=False)
        assert done.returncode == 0, script


def test_pytest_knows_the_options_and_the_marks(known_to_pytest):
    calls = [words for words in commands() if words[0] == "pytest"]
    assert calls
    for words in calls:
        assert options(words) <= known_to_pytest
        assert set(words[words.index("-m") + 1].split()) <= {"cultural", "and", "smoke"}
        if "--gate" in words:
            assert (ROOT / words[words.index("--gate") + 1]).is_file()


@pytest.mark.parametrize("words", [w for w in commands() if w[0] == "comity"], ids=" ".join)
def test_comity_knows_the_command_and_its_options(words, capsys):
    with pytest.raises(SystemExit) as ended:
        main([words[1], "--help"])
    assert ended.value.code == 0
    assert options(words) <= {
        as_named(option) for option in re.findall(OPTION, capsys.readouterr().out)
    }


def test_what_is_installed_is_among_the_extras():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    named = [name for words in commands() for name in re.findall(r"\[(.*?)\]", " ".join(words))]
    named += re.findall(r"comity\[(.*?)\]", PAGE)
    assert named
    assert {one for name in named for one in name.split(",")} <= set(
        extras["optional-dependencies"]
    )


def test_its_links_lead_somewhere_and_its_exit_codes_are_comitys():
    for target in re.findall(r"\]\(([^)#:]+)\)", PAGE):
        assert (ROOT / "docs" / target).exists(), target
    assert re.findall(r"^\| (\d) \|", PAGE, re.M) == ["0", "1", "6", "4", "5", "3"]
