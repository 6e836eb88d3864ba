"""The gate on the command line: one proof and several, every format, every exit code in a process of its own."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from junitparser import Error, Failure, JUnitXml, Skipped

from tests.cli.conftest import Program
from tests.published import CLAIM, Published, publish
from zkaudit import cli
from zkaudit.cli.formats import github as github_format
from zkaudit.cli.formats.judgement import WORST_FIRST
from zkaudit.cli.outcome import ExitCode
from zkaudit.gate import CheckName

CHECKS = len(CheckName)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Published:
    return publish(tmp_path_factory.mktemp("published"))


@pytest.fixture(scope="module")
def broken(made: Published, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same folder with a proof whose last message byte differs."""
    folder = tmp_path_factory.mktemp("broken") / "model"
    shutil.copytree(made.folder, folder)
    from zkaudit import wire
    from zkaudit.proof import MAGIC, VERSION

    path = folder / "zkaudit" / "audit.zkp"
    _, body = wire.unseal(MAGIC, {VERSION}, path.read_bytes(), "proof")
    body["witness_root"] = bytes(32)
    path.write_bytes(wire.seal(MAGIC, VERSION, body))
    return folder


@pytest.fixture(scope="module")
def unreadable(made: Published, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("unreadable") / "model"
    shutil.copytree(made.folder, folder)
    (folder / "zkaudit" / "audit.zkp").write_bytes(b"\x1b[2J" * 10)
    return folder


def _process(*arguments: object, program: str = "", **options: object) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(os.path.abspath(place) for place in sys.path if place)}
    start = ["-c", program] if program else ["-m", "zkaudit"]
    command = [sys.executable, *start, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False, timeout=120)


BROKEN_PROGRAM = """
import sys, zkaudit.gate.examiner as examiner
from zkaudit.cli import main
def verify(*arguments):
    raise ZeroDivisionError("by nothing")
examiner.verify = verify
main(sys.argv[1:])
"""

WAITING_PROGRAM = """
import signal, sys, time, zkaudit.gate.examiner as examiner
from zkaudit.cli import main
# A suite that was started in the background hands on that the signal is ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
def verify(*arguments):
    print("waiting", file=sys.stderr, flush=True)
    time.sleep(60)
examiner.verify = verify
main(sys.argv[1:])
"""


def test_each_exit_code_in_a_process(made: Published, broken: Path, unreadable: Path) -> None:
    claim = ("--claim", CLAIM)
    accepted = _process("verify", made.folder, *claim)
    assert (accepted.returncode, accepted.stderr) == (0, "")
    assert accepted.stdout.startswith("VERIFIED")
    cases = [
        (1, "REJECTED: ", ("verify", broken, *claim)),
        (2, "Usage: ", ("verify", made.folder)),
        (3, "error: ", ("verify", unreadable, *claim)),
        (4, "POLICY NOT MET: ", ("verify", made.folder, *claim, "--minimum-bits", "200")),
    ]
    for code, start, arguments in cases:
        done = _process(*arguments)
        assert (done.returncode, done.stdout) == (code, "")
        assert done.stderr.startswith(start)
        assert code == 2 or done.stderr.count("\n") == 1
    fault = _process("verify", made.folder, *claim, program=BROKEN_PROGRAM)
    assert (fault.returncode, fault.stdout) == (5, "")
    assert fault.stderr == "internal error: ZeroDivisionError: by nothing\n"


def test_an_interruption_exits_130(made: Published) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(os.path.abspath(place) for place in sys.path if place)}
    arguments = [sys.executable, "-c", WAITING_PROGRAM, "verify", str(made.folder), "--claim", CLAIM]
    with subprocess.Popen(
        arguments, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == "waiting\n"
        process.send_signal(signal.SIGINT)
        out, error = process.communicate(timeout=60)
    assert (process.returncode, out, error.strip()) == (130, "", "interrupted")


@pytest.mark.parametrize(
    "arguments",
    [
        ("audit.zkp", "--claim", CLAIM),
        ("audit.zkp", "--commitment", "c", "--data", "d"),
        ("audit.zkp", "--commitment", "c", "--data", "d", "--claim", CLAIM, "--receipt", "r"),
        ("audit.zkp", "--commitment", "c", "--data", "d", "--claim", CLAIM, "--quorum", "0"),
    ],
)
def test_usage(arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["verify", *arguments]) == 2
    assert capsys.readouterr().out == ""
    for form in (["--json"], ["--format", "json"], ["--format=json"]):
        assert cli.run(["verify", *arguments, *form]) == 2
        assert json.loads(capsys.readouterr().out)["reason"] == "usage"
    assert cli.run(["verify", "audit.zkp", "--format", "xml"]) == 2


def test_ten_lines(made: Published, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["verify", str(made.folder), "--claim", CLAIM]) == 0
    out, _ = capsys.readouterr()
    assert len(out.splitlines()) <= 10
    digests = [made.statement.commitment.digest().hex(), made.statement.dataset.digest().hex()]
    for part in ("VERIFIED", CLAIM, "in words", "21 held-out samples", "not checked", "128.", *digests):
        assert part in out


def test_the_object_of_one_proof(made: Published, broken: Path, program: Program) -> None:
    code, shown = program("verify", str(made.folder), "--claim", CLAIM)
    assert (code, shown["status"], shown["claim_source"], shown["attested_by"]) == (0, "verified", "the caller", [])
    assert [check["name"] for check in shown["checks"]] == list(CheckName)
    (finding,) = shown["findings"]
    assert (finding["atom"], finding["at_least"], finding["of"]) == (CLAIM, 19, 21)
    assert {check["state"] for check in shown["checks"]} == {"passed", "skipped"}
    assert shown["digests"]["commitment"] == shown["commitment"]
    code, shown = program("verify", str(broken), "--claim", CLAIM)
    assert (code, shown["lower_bound"], shown["security_bits"], shown["findings"]) == (1, None, None, [])
    assert shown["samples"] == 21


def test_several_proofs_each_get_a_verdict(
    made: Published, broken: Path, unreadable: Path, program: Program, capsys: pytest.CaptureFixture[str]
) -> None:
    good = str(made.folder)
    for subjects, worst, status in (
        ([good, good], 0, "verified"),
        ([good, str(broken)], 1, "invalid"),
        ([str(unreadable), good, str(broken)], 3, "error"),
    ):
        code, shown = program("verify", *subjects, "--claim", CLAIM)
        assert (code, shown["status"]) == (worst, status)
        assert [result["proof"] for result in shown["results"]] == subjects
        assert max(result["exit_code"] for result in shown["results"]) >= worst
    assert cli.run(["verify", good, str(broken), "--claim", CLAIM]) == 1
    out, error = capsys.readouterr()
    assert f"{good}: VERIFIED" in out
    assert f"{broken}: REJECTED" in out
    assert error == "REJECTED: 1 of 2 proofs are not accepted\n"


def test_a_fault_on_one_proof_leaves_the_others_theirs(made: Published) -> None:
    done = _process("verify", made.folder, made.folder / "none", "--claim", CLAIM, "--json", program=BROKEN_PROGRAM)
    assert done.returncode == 2
    done = _process("verify", made.folder, made.folder, "--claim", CLAIM, "--json", program=BROKEN_PROGRAM)
    results = json.loads(done.stdout)["results"]
    assert (done.returncode, [result["exit_code"] for result in results]) == (5, [5, 5])


def test_the_order_of_the_worst() -> None:
    assert WORST_FIRST == (5, 3, 1, 4, 0)
    assert set(WORST_FIRST) == set(ExitCode) - {ExitCode.USAGE, ExitCode.INTERRUPTED}


def test_policy_and_strictness(made: Published, program: Program) -> None:
    policy = str(made.policy('claim = "accuracy >= 0.9"'))
    code, shown = program("verify", str(made.folder), "--policy", policy)
    assert (code, shown["claim_source"]) == (0, "the proof")
    code, shown = program("verify", str(made.folder), "--policy", policy, "--strict")
    assert (code, shown["status"]) == (4, "policy")
    assert "not checked: challenge" in shown["error"]
    code, shown = program("verify", str(made.folder), "--policy", str(made.policy("typo = 1", "typo.toml")))
    assert (code, "typo" in shown["error"]) == (3, True)


def test_a_result_for_other_tools(made: Published, broken: Path, tmp_path: Path, program: Program) -> None:
    path = tmp_path / "svr.json"
    good = ["verify", str(made.folder), "--claim", CLAIM, "--svr"]
    assert program(*good, str(path), "--minimum-bits", "200")[0] == 4
    assert program("verify", str(broken), "--claim", CLAIM, "--svr", str(path))[0] == 1
    assert not path.exists()
    assert program(*good, str(path))[0] == 0
    shown = json.loads(path.read_text())
    assert shown["predicateType"] == "https://in-toto.io/attestation/svr/v0.1"
    assert f"ZKAUDIT_CLAIM {CLAIM}" in shown["predicate"]["properties"]
    digests = {one["name"]: one["digest"]["sha256"] for one in shown["subject"]}
    for name, file in (("proof", "audit.zkp"), ("commitment", "commitment.json")):
        assert digests[name] == hashlib.sha256(made.file(file).read_bytes()).hexdigest()
    # A result that cannot be written is no success, and one is never written over the evidence.
    assert program(*good, str(tmp_path / "none" / "svr.json"))[0] == 3
    before = made.file("audit.zkp").read_bytes()
    assert program(*good, str(made.file("audit.zkp")))[0] == 3
    assert made.file("audit.zkp").read_bytes() == before
    assert program("verify", str(made.folder), str(made.folder), "--claim", CLAIM, "--svr", str(path))[0] == 2


def _junit(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, JUnitXml]:
    code = cli.run(["verify", *arguments, "--format", "junit"])
    out, _ = capsys.readouterr()
    return code, JUnitXml.fromstring(out.encode())


def test_junit(made: Published, broken: Path, unreadable: Path, capsys: pytest.CaptureFixture[str]) -> None:
    subjects = [str(made.folder), str(broken), str(unreadable)]
    code, found = _junit(capsys, *subjects, "--claim", CLAIM)
    assert code == 3
    suites = list(found)
    assert [suite.name for suite in suites] == subjects
    assert [suite.tests for suite in suites] == [CHECKS] * 3
    assert [(suite.failures, suite.errors) for suite in suites] == [(0, 0), (1, 0), (0, 1)]
    assert (found.tests, found.failures, found.errors) == (3 * CHECKS, 1, 1)
    assert found.skipped == sum(suite.skipped for suite in suites)
    for suite, kind in zip(suites, (Skipped, Failure, Error), strict=True):
        results = [result for case in suite for result in case.result]
        assert kind in map(type, results)
        assert all(case.classname == suite.name for case in suite)
    code, found = _junit(capsys, str(made.folder), "--claim", CLAIM, "--minimum-bits", "200")
    assert (code, found.failures) == (4, 1)


def test_junit_escapes_what_xml_has_no_form_for(
    made: Published, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / 'a<b>&"\x01\x1b]]>'
    shutil.copytree(made.folder, folder)
    code = cli.run(["verify", str(folder), "--claim", CLAIM, "--format", "junit"])
    out, _ = capsys.readouterr()
    assert code == 0
    suite = ElementTree.fromstring(out.encode()).find("testsuite")
    assert suite is not None
    assert suite.get("name", "").endswith('a<b>&"\\x01\\x1b]]>')
    assert "\x1b" not in out


def test_github(
    made: Published, broken: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for variable in ("SUMMARY", "OUTPUT"):
        name = "GITHUB_STEP_SUMMARY" if variable == "SUMMARY" else "GITHUB_OUTPUT"
        monkeypatch.setenv(name, str(tmp_path / variable))
    (tmp_path / "SUMMARY").write_text("before\n")
    code = cli.run(["verify", str(made.folder), str(broken), "--claim", CLAIM, "--format", "github"])
    out, error = capsys.readouterr()
    assert (code, error) == (1, "")
    first, second = out.splitlines()
    assert first.startswith(f"::notice file={made.folder},title=zkaudit%3A verified::VERIFIED")
    assert "%0A" in first
    assert "95%25" in first
    assert second.startswith(f"::error file={broken},title=zkaudit%3A REJECTED::")
    summary = (tmp_path / "SUMMARY").read_text()
    assert summary.startswith("before\n")
    assert summary.count("| check | state | reason |") == 2
    values = dict(line.split("=", 1) for line in (tmp_path / "OUTPUT").read_text().splitlines())
    assert values["verdict"] == "invalid"
    assert values["claim"] == CLAIM
    assert 0.6 < float(values["bound"]) < 0.9


def test_github_without_its_files(
    made: Published, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "none" / "summary"))
    monkeypatch.delenv("GITHUB_OUTPUT", raising=False)
    code = cli.run(["verify", str(made.folder), "--claim", CLAIM, "--format", "github"])
    out, _ = capsys.readouterr()
    assert code == 0
    assert out.splitlines()[-1].startswith("::warning title=zkaudit::GITHUB_STEP_SUMMARY cannot be written")


def test_what_strangers_write_is_no_workflow_command() -> None:
    shown = github_format.command("error", "100%\r\n::set-output name=x::y", file="a,b:c\n::x", title="t")
    assert shown == "::error file=a%2Cb%3Ac %3A%3Ax,title=t::100%25%0D%0A::set-output name=x::y"
    assert github_format._markdown("<img> | `a` [b](c)\n# d") == r"&lt;img&gt; \| \`a\` \[b\]\(c\) \# d"
