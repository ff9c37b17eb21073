"""What Allure is given of a case that has several tests."""

import json

import allure_commons
from allure_commons import model2
from allure_commons.logger import AllureFileLogger

from comity.reporting import allure


def test_each_test_over_a_case_has_its_evidence_in_files_of_its_own(project):
    folder = project.root / "allure"
    arguments = ("-p", "allure_pytest", f"--alluredir={folder}", "-k", "violate")
    project.run(*arguments, agents=("buyer",))
    results = [json.loads(path.read_text("utf-8")) for path in folder.glob("*-result.json")]
    first, second = [
        {kept["name"]: folder / kept["source"] for kept in result["attachments"]}
        for result in results
    ]
    assert list(first) == ["story", "transcript", "end state", "findings", "last page"]
    assert list(second) == list(first)
    # A file that two results name is shown by Allure 3 in one of them alone.
    assert not set(first.values()) & set(second.values())
    for name, path in first.items():
        assert path.read_bytes() == second[name].read_bytes() != b""
    assert json.loads(first["transcript"].read_text("utf-8"))["reply"]["text"] == "Here you are."


def test_a_fixture_of_the_user_is_a_step_and_the_wait_for_a_case_is_none(project):
    folder = project.root / "allure"
    project.write(
        "suites/gifts/conftest.py",
        "import pytest\n\n\n@pytest.fixture(autouse=True)\ndef prepared():\n    pass\n",
    )
    arguments = ("-p", "allure_pytest", f"--alluredir={folder}", "-k", "violate")
    project.run(*arguments, agents=("buyer",))
    containers = [json.loads(path.read_text("utf-8")) for path in folder.glob("*-container.json")]
    assert {step["name"] for found in containers for step in found["befores"]} == {"prepared"}
    assert not list(folder.glob("*.tmp"))


def test_a_result_is_told_as_allures_own_writer_tells_it(tmp_path):
    result = model2.TestResult(
        name="warns \u2603",
        status="failed",
        statusDetails=model2.StatusDetails(message='said "no"\n', flaky=False),
        steps=[
            model2.TestStepResult(
                name="one", attachments=[model2.Attachment(name="text", source="a.txt")]
            )
        ],
        labels=[model2.Label(name="mode", value="violate"), model2.Label(name="empty", value="")],
        parameters=[model2.Parameter(name="model", value="'none'", excluded=True)],
        start=0,
        stop=1,
        titlePath=["suites", "test_gifts.py"],
    )
    for name in ("theirs", "ours"):
        writer = AllureFileLogger(tmp_path / name)
        if name == "ours":
            allure_commons.plugin_manager.register(writer)
            try:
                allure.write_quickly()
            finally:
                allure_commons.plugin_manager.unregister(writer)
        writer.report_result(result)
    theirs, ours = (next(tmp_path.glob(f"{name}/*")) for name in ("theirs", "ours"))
    assert ours.name.endswith("-result.json")
    assert ours.read_bytes() == theirs.read_bytes()
