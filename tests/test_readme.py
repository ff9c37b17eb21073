"""What the README shows is true."""

import ast
import re
import shutil
from pathlib import Path

from comity.run.agents import load_agent
from comity.schema.library import load

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


def test_its_scenario_joins_the_suite(tmp_path):
    [scenario] = blocks("yaml")
    shutil.copytree(ROOT / "suites/norms", tmp_path / "norms")
    shutil.copy(ROOT / "suites/patterns.yaml", tmp_path)
    (tmp_path / "shopping/scenarios").mkdir(parents=True)
    (tmp_path / "shopping/suite.yaml").write_text("title: Shopping\nsite: shop\n", "utf-8")
    (tmp_path / "shopping/scenarios/cn.yaml").write_text(scenario, "utf-8")
    assert len(load(tmp_path).requests("shopping")) == 3


def test_its_agent_can_be_loaded(tmp_path):
    [source] = [block for block in blocks("python") if "class Mine" in block]
    (tmp_path / "mine.py").write_text(source, "utf-8")
    assert load_agent("mine.py:mine", tmp_path).card.declares == {"shop"}


def test_its_test_stands_in_the_suite():
    [shown] = [block for block in blocks("python") if "@scenarios" in block]
    suite = (ROOT / "suites/shopping/test_shopping.py").read_text("utf-8")
    asserts = [
        ast.dump(node) for node in ast.walk(ast.parse(suite)) if isinstance(node, ast.Assert)
    ]
    wanted = [ast.dump(node) for node in ast.walk(ast.parse(shown)) if isinstance(node, ast.Assert)]
    assert set(wanted) <= set(asserts)


def test_every_link_leads_somewhere():
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / target).exists(), target
