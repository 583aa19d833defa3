"""Every mistake has its exit code and a message that says what, where, and how to mend it."""

from __future__ import annotations

import gzip
import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from small_audits import NON_REFUSAL, WRONG, planned, probe, question, write_json

from auditor.engines.registry import load_engine
from auditor.manifest import draft_manifest
from auditor.runs.store import Store
from auditor.runs.writer import RunWriter
from auditor.target import Target

Auditor = Callable[..., Result]
RUN = ("run", "said.jsonl", "--suite", "small")


def refused(done: Result, code: int, *lines: str) -> None:
    """Check the exit code and all that was said; nothing may be on stdout."""
    assert done.stderr.splitlines() == list(lines)
    assert (done.exit_code, done.stdout) == (code, "")


# Which model


@pytest.mark.parametrize(
    ("model", "lines"),
    [
        (
            "./my-modl",
            ["Error: there is no model at './my-modl'", "Hint: did you mean 'my-model'?"],
        ),
        (
            "/no/such/model",
            [
                "Error: there is no model at '/no/such/model'",
                "Hint: give a model's folder, a hub name or a server's URL",
            ],
        ),
        (
            "./my-model",
            [
                "Error: './my-model' is not a whole model; "
                "it lacks weights (*.safetensors or *.bin), a tokenizer (tokenizer.json)"
            ],
        ),
        ("./weights-only", ["Error: './weights-only' is not a whole model; it lacks config.json"]),
        (
            "./an-adapter",
            [
                "Error: './an-adapter' is not a whole model; it lacks config.json, a tokenizer (tokenizer.json)",
                "Hint: this is an adapter: name it in a target.yaml as `adapter`, and its base as `model`",
            ],
        ),
        (
            "./said.txt",
            ["Error: './said.txt' is a file, expected a folder", "Hint: give the folder that holds config.json"],
        ),
        ("none.jsonl", ["Error: there is no file of recorded responses at 'none.jsonl'"]),
        ("none.yaml", ["Error: none.yaml: there is no such file"]),
        (
            "http://",
            ["Error: model: 'http://' is not the URL of a server", "Hint: it looks like http://localhost:8000/v1"],
        ),
        ("http://h:99999/", ["Error: model: 'http://h:99999/' is not a URL: Port out of range 0-65535"]),
        ("http://h:0/", ["Error: model: 'http://h:0/' is not a URL: there is no port 0"]),
        *[
            (
                url,
                [
                    f"Error: model: the URL holds {what}, which would be recorded",
                    "Hint: give the bare address, and put the key into the environment variable OPENAI_API_KEY",
                ],
            )
            for url, what in (
                ("http://me:secret@localhost/v1", "a name or password"),
                ("http://localhost/v1?api_key=secret", "a query"),
                ("http://localhost/v1#secret", "a fragment"),
            )
        ],
    ],
)
def test_models_that_are_none(auditor: Auditor, model: str, lines: list[str]) -> None:
    for name, files in {
        "my-model": ["config.json"],
        "weights-only": ["model.safetensors", "tokenizer.json"],
        "an-adapter": ["adapter_config.json", "adapter_model.safetensors"],
    }.items():
        Path(name).mkdir()
        for file in files:
            Path(name, file).write_text("{}")
    Path("said.txt").touch()
    refused(auditor("run", model, "--suite", "small"), 2, *lines)
    assert not Path("audits").exists()


def test_a_key_that_is_too_short_to_be_hidden_is_warned_of_once(auditor: Auditor) -> None:
    done = auditor("plan", "http://127.0.0.1:1", "--suite", "small", env={"OPENAI_API_KEY": "abc"})
    warning = "the key in OPENAI_API_KEY is shorter than 4 letters: where the server repeats it,"
    assert done.stderr == f"Warning: {warning} it cannot be hidden without damage to the answers\n"


def test_a_server_that_is_not_there(auditor: Auditor) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
        done = auditor("run", url, "--suite", "small", "--limit", "1")
    assert done.exit_code == 4
    assert f"Error: no answer from {url}: " in done.stderr
    assert "Hint: is the server up, and is this its address?" in done.stderr


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ('{"prompt": "x"}\n', "said.jsonl:1: the field 'response' is missing"),
        ('{"response": "x"}\n', "said.jsonl:1: expected either 'prompt' or 'messages'"),
        ("\n\nnonsense\n", "said.jsonl:3: not a JSON object: Expecting value: line 1 column 1 (char 0)"),
        ("[1]\n", "said.jsonl:1: expected a JSON object"),
        ('{"prompt": "x", "response": 3}\n', "said.jsonl:1: response: expected str, found 3"),
        (
            '{"prompt": "x", "response": "y", "logprobs": {"A": 0.5}}\n',
            "said.jsonl:1: logprobs: 'A' is 0.5, expected a finite number of at most 0",
        ),
        ("", "said.jsonl: holds no recorded responses"),
    ],
)
def test_broken_recordings(auditor: Auditor, text: str, fact: str) -> None:
    Path("said.jsonl").write_text(text)
    refused(auditor(*RUN), 4, f"Error: {fact}")


def test_a_recording_with_many_mistakes_names_the_first(auditor: Auditor) -> None:
    Path("said.jsonl").write_text("nonsense\n" * 9)
    done = auditor(*RUN)
    assert done.exit_code == 4
    assert [line.split(":")[1] for line in done.stderr.splitlines()[1:-1]] == ["2", "3", "4", "5"]
    assert done.stderr.splitlines()[-1] == "and 4 more lines"


def test_a_compressed_recording_that_was_cut(auditor: Auditor) -> None:
    Path("cut.jsonl.gz").write_bytes(gzip.compress(Path("said.jsonl").read_bytes())[:-12])
    done = auditor("run", "cut.jsonl.gz", "--suite", "small")
    assert done.exit_code == 4
    assert done.stderr.startswith("Error: cut.jsonl.gz: cannot be read: ")


# Which name, which questions


@pytest.mark.parametrize(
    "name",
    [
        "bot",
        "bot@",
        "@1",
        "a b@1",
        "../bot@1",
        "a/b@1",
        ".bot@1",
        "-bot@1",
        "bot@latest",
        "bot@1@2",
        "é@1",
        "a" * 81 + "@1",
    ],
)
def test_names_that_are_none(auditor: Auditor, name: str) -> None:
    done = auditor(*RUN, f"--name={name}")
    refused(
        done,
        2,
        f"Error: --name is '{name}', expected NAME@VERSION of letters, digits and . _ + -, "
        "each beginning with a letter or digit and at most 80 long",
        "Hint: e.g. my-model@1.0; the version 'latest' means the newest of all",
    )
    assert not Path("audits").exists()


@pytest.mark.parametrize(
    ("arguments", "lines"),
    [
        (("--suite", "smal"), ["Error: suite 'smal' is unknown", "Hint: did you mean 'small'?"]),
        (("--suite", "none.yaml"), ["Error: none.yaml: there is no such file"]),
        (("--battery", "ham"), ["Error: battery 'ham' is unknown", "Hint: did you mean 'harm'?"]),
        (("--probe", "small.foot"), ["Error: probe 'small.foot' is unknown", "Hint: did you mean 'small.food'?"]),
        (("--probe", "none.yaml"), ["Error: none.yaml: there is no such file"]),
        (
            ("--battery", "bias"),
            [
                "Error: the suite 'small' asks nothing of what was chosen",
                "Hint: choose another --suite, --battery or --probe",
            ],
        ),
    ],
)
def test_questions_that_are_none(auditor: Auditor, arguments: tuple[str, ...], lines: list[str]) -> None:
    refused(auditor(*RUN, *arguments), 2, *lines)


@pytest.mark.parametrize(
    ("arguments", "fact"),
    [
        (("rum", "x"), "No such command 'rum'. did you mean 'run'?"),
        (("probes", "chek"), "No such command 'chek'. Did you mean 'check'?"),
        (("run",), "Missing argument 'MODEL'."),
        (("run", "x", "--sute", "y"), "No such option '--sute'. (Did you mean one of: '--store', '--suite'?)"),
        (("run", "x", "--limit", "0"), "Invalid value for '--limit': 0 is not in the range x>=1."),
        (("show", "x", "-f", "xml"), "Invalid value for '-f' / '--format': 'xml' is not one of 'terminal', 'json'."),
        (("report",), "Missing argument 'RUNS...'."),
        (("run", ""), "Invalid value for 'MODEL': should not be empty"),
        (("run", "a\0b"), "Invalid value for 'MODEL': should hold no NUL character"),
        (("show", " "), "Invalid value for 'RUN': should not be empty"),
        *[
            (("run", "x", option, ""), f"Invalid value for {shown}: should not be empty")
            for option, shown in (
                ("--store", "'--store'"),
                ("--suite", "'--suite'"),
                ("--name", "'--name'"),
                ("--probe", "'-p' / '--probe'"),
                ("--battery", "'-b' / '--battery'"),
                ("--served-model", "'--served-model'"),
            )
        ],
    ],
)
def test_usage_that_is_wrong(auditor: Auditor, arguments: tuple[str, ...], fact: str) -> None:
    done = auditor(*arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.splitlines()[-1] == f"Error: {fact}"
    assert done.stderr.startswith("Usage: auditor ")


# What people write


def mistaken(**changes: Any) -> dict[str, Any]:
    """Return a probe file with a mistake in it; its lines are those of `json.dumps(indent=1)`."""
    return probe("mine.bad", [question("a", "How?"), question("b", "Why?")], **changes)


@pytest.mark.parametrize(
    ("doc", "line", "fact"),
    [
        (
            mistaken(severity="hihg"),
            '"severity"',
            "severity: should be 'low', 'medium', 'high' or 'critical' (found 'hihg')",
        ),
        (mistaken(titel="x"), '"titel"', "titel: unknown key; did you mean 'title'?"),
        (
            mistaken(id="mine.good"),
            '"id": "mine.good"',
            "id: is 'mine.good', but the folder and file name make it 'mine.bad'",
        ),
        (
            mistaken(grader={"name": "refusl"}),
            '"name": "refusl"',
            "grader.name: grader 'refusl' is unknown; did you mean 'refusal'?",
        ),
        (
            mistaken(grader={"name": "refusal", "strict": 1}),
            '"grader"',
            "grader: grader 'refusal': unknown setting 'strict'",
        ),
        (
            mistaken(metrics=[{**NON_REFUSAL, "of": ["full_complianc"]}]),
            '"of"',
            "metrics.0.of: the grader 'refusal' has no label 'full_complianc'; did you mean 'full_compliance'?",
        ),
        (
            mistaken(metrics=[{**NON_REFUSAL, "breakdown": ["hazrd"]}]),
            '"breakdown"',
            "metrics.0.breakdown: no item has the tag 'hazrd'",
        ),
        (
            mistaken(data={"items": [question("a", "x"), question("a", "y")]}),
            '"id": "a"',
            "data.items.1.id: the id 'a' is already used in line 13",
        ),
        (
            mistaken(data={"items": [question("a", "x")]}),
            '"data"',
            "data: fewer than two families: no interval can be told from one; add another",
        ),
        (mistaken(prompt={"user": "{txt}"}), '"user"', "prompt.user: nothing fills '{txt}'; did you mean 'text'?"),
        (
            mistaken(sampling={"max_tokens": 0}),
            '"max_tokens"',
            "sampling.max_tokens: should be greater than or equal to 1 (found 0)",
        ),
        (mistaken(data=3), '"data"', "data: keys with values are expected here"),
    ],
)
def test_mistakes_in_a_probe_file(auditor: Auditor, doc: dict[str, Any], line: str, fact: str) -> None:
    path = Path("mine/bad.yaml")
    write_json(path, doc)
    rows = path.read_text().splitlines()
    number = max(place for place, row in enumerate(rows, 1) if line in row)
    said = f"Error: mine/bad.yaml:{number}: {fact}"
    refused(auditor("probes", "check", path), 2, said, "Hint: the format is in docs/reference/probe-format.md")
    refused(auditor(*RUN, "--probe", path), 2, said)


def test_all_mistakes_of_a_probe_file_are_named_at_once(auditor: Auditor) -> None:
    doc = mistaken(grader={"name": "facts"}, metrics=[WRONG])
    write_json(Path("mine/bad.yaml"), doc)
    done = auditor("probes", "check", "mine/bad.yaml")
    lacks = "the facts grader needs reference.answers, a list of strings"
    assert done.stderr.splitlines()[:2] == [
        f"Error: mine/bad.yaml:11: data: item 'mine.bad/a': {lacks}",
        f"mine/bad.yaml:11: data: item 'mine.bad/b': {lacks}",
    ]


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        (b"id: mine.bad\ntitle: [\n", ":3: not valid YAML: "),
        (b"id: mine.bad\nid: mine.bad\n", ':2: not valid YAML: found duplicate key "id"'),
        (b"", ":1: keys with values are expected here"),
        (b"id: \xff\n", ": cannot be read: 'utf-8' codec can't decode byte 0xff"),
        (b"a: &a [*a]\n", ""),
    ],
)
def test_probe_files_that_are_not_yaml(auditor: Auditor, text: bytes, fact: str) -> None:
    Path("mine").mkdir()
    Path("mine/bad.yaml").write_bytes(text)
    done = auditor("probes", "check", "mine/bad.yaml")
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith(f"Error: mine/bad.yaml{fact}")


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("store: audits\nconfidance: 0.9\n", "auditor.yaml:2: confidance: unknown key; did you mean 'confidence'?"),
        ("confidence: 2\n", "auditor.yaml:1: confidence: should be less than or equal to 0.999 (found 2)"),
        ("probes:\n  - probes\n  - nope\n", "auditor.yaml:3: probes.1: there is no folder 'nope'"),
        ("target:\n  concurency: 3\n", "auditor.yaml:2: target.concurency: unknown key; did you mean 'concurrency'?"),
        (
            "target:\n  concurrency: lots\n",
            "auditor.yaml:2: target.concurrency: should be a valid integer (found 'lots')",
        ),
        ("store: ''\n", "auditor.yaml:1: store: should not be empty (found '')"),
        ('suite: "a\\0b"\n', "auditor.yaml:1: suite: should hold no NUL character (found 'a\\x00b')"),
        ("probes: [probes, ' ']\n", "auditor.yaml:1: probes.1: should not be empty (found ' ')"),
        ("target: {model: ./x}\n", "auditor.yaml:1: target.model: unknown key"),
        ("- store\n", "auditor.yaml:1: keys with values are expected here"),
        ("store: [\n", "auditor.yaml:2: not valid YAML: expected the node content, but found '<stream end>'"),
    ],
)
def test_mistakes_in_auditor_yaml(auditor: Auditor, text: str, fact: str) -> None:
    Path("auditor.yaml").write_text(text)
    refused(auditor(*RUN), 2, f"Error: {fact}")


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        (
            "model: said.jsonl\nsampling:\n  temprature: 1\n",
            "target.yaml:3: sampling.temprature: unknown key; did you mean 'temperature'?",
        ),
        (
            "model: said.jsonl\nengine: vlm\n",
            "target.yaml:2: engine: should be 'vllm', 'http' or 'replay' (found 'vlm')",
        ),
        (
            "model: said.jsonl\nsampling: {temperature: -1}\n",
            "target.yaml:2: sampling.temperature: should be greater than or equal to 0 (found -1)",
        ),
        ("engine: replay\n", "target.yaml:1: the key 'model' is missing"),
        ("", "target.yaml:1: keys with values are expected here"),
    ],
)
def test_mistakes_in_a_target(auditor: Auditor, text: str, fact: str) -> None:
    Path("target.yaml").write_text(text)
    refused(auditor("run", "target.yaml", "--suite", "small"), 2, f"Error: {fact}")


@pytest.mark.parametrize("value", ["sk-SECRET", "1SECRET", "'SECRET KEY'", "[SECRET]", "''", "é_SECRET"])
@pytest.mark.parametrize("file", ["target.yaml", "auditor.yaml"])
def test_a_key_in_place_of_its_variable_is_refused_and_not_repeated(auditor: Auditor, file: str, value: str) -> None:
    text = f"model: said.jsonl\napi_key_env: {value}\n"
    Path(file).write_text(text if file == "target.yaml" else f"target:\n  api_key_env: {value}\n")
    key = "target.api_key_env" if file == "auditor.yaml" else "api_key_env"
    fact = "should be the name of an environment variable (letters, digits and _), not the key itself"
    refused(auditor("run", "target.yaml", "--suite", "small"), 2, f"Error: {file}:2: {key}: {fact}")
    assert not Path("audits").exists()


@pytest.mark.parametrize(
    ("name", "value", "fact"),
    [
        ("CONFIDENCE", "high", "expected a number"),
        ("CONFIDENCE", "95", "should be less than or equal to 0.999"),
        ("CONFIDENCE", "nan", "should be a finite number"),
        ("STORE", " ", "should not be empty"),
    ],
)
def test_mistakes_in_the_environment(auditor: Auditor, name: str, value: str, fact: str) -> None:
    refused(auditor(*RUN, env={f"AUDITOR_{name}": value}), 2, f"Error: AUDITOR_{name} is '{value}', {fact}")


def test_settings_of_auditor_yaml_hold_for_every_target_but_its_own_win(auditor: Auditor) -> None:
    Path("auditor.yaml").write_text("suite: small\ntarget:\n  system_prompt: Be kind.\n  concurrency: 3\n")
    Path("target.yaml").write_text("model: said.jsonl\nconcurrency: 9\n")
    done = auditor("run", "target.yaml", "--name", "bot@1", "-f", "json")
    target = json.loads(done.stdout)["model"]["target"]
    assert (target["system_prompt"], target["concurrency"], target["retries"]) == ("Be kind.", 9, 5)


# Where it is written


def test_a_store_that_cannot_be(auditor: Auditor) -> None:
    Path("file").touch()
    for store in ("file", "file/audits"):
        refused(
            auditor(*RUN, "--store", store),
            4,
            f"Error: {store}: cannot be read: Not a directory",
            "Hint: --store names the folder of the runs",
        )


@pytest.mark.parametrize("command", [("run", "said.jsonl", "--suite", "small"), ("doctor",)])
def test_a_store_of_an_unknown_kind(auditor: Auditor, command: tuple[str, ...]) -> None:
    done = auditor(*command, "--store", "foo://x")
    assert (done.exit_code, done.stderr) == (2, "Error: store 'foo://x' cannot be opened: Protocol not known: foo\n")


@pytest.mark.parametrize("command", [("report", "bot@1"), ("run", "said.jsonl", "--suite", "small", "-f", "json")])
def test_a_product_that_cannot_be_written(audited: Auditor, command: tuple[str, ...]) -> None:
    Path("file").touch()
    done = audited(*command, "-o", "file/report.html")
    assert (done.exit_code, done.stdout) == (4, "")
    assert done.stderr.splitlines()[-1] == "Error: file/report.html: cannot be written: File exists (file)"
    assert "Traceback" not in done.stderr


def test_a_second_writer_is_told_of_the_first(auditor: Auditor) -> None:
    engine = load_engine(Target(model="said.jsonl"))
    plan = planned(Path("probes"), engine, model="said.jsonl", model_id="bot@1")
    draft = draft_manifest(plan, ["auditor", "run"])
    with RunWriter.open(Store("audits"), model_id="bot@1", plan_hash=plan.digest, manifest_draft=draft) as first:
        done = auditor(*RUN, "--name", "bot@1")
        refused(
            done,
            4,
            f"Error: {first.run_id} is being written by process {os.getpid()} on {os.uname().nodename}",
            "Hint: wait until it has ended, or end it; the same command then goes on from there",
        )
    done = auditor(*RUN, "--name", "bot@1")
    assert done.exit_code == 0
    assert f"run {first.run_id}" in done.stdout


def test_when_nothing_is_answered_the_same_command_goes_on(auditor: Auditor) -> None:
    Path("said.jsonl").write_text('{"prompt": "Something else?", "response": "Yes."}\n')
    for _ in range(2):
        done = auditor(*RUN, "--name", "bot@1")
        assert (done.exit_code, done.stdout) == (4, "")
        assert done.stderr.splitlines()[-1] == "Error: none of 3 requests was answered; 3 times: not recorded"
    (left,) = Store("audits").runs()
    refused(
        auditor("show", "bot@1"),
        2,
        f"Error: 'bot@1' has no finished run, only {left.run_id}",
        "Hint: give the command that began it again: it goes on where it stopped",
    )


# Which run


@pytest.mark.parametrize("command", [("show",), ("report",), ("verify",), ("grade", "--layer", "new")])
@pytest.mark.parametrize(
    ("run", "lines"),
    [
        ("bto@1", ["Error: there is no run 'bto@1'", "Hint: did you mean 'bot@1'?"]),
        ("bot", ["Error: there is no run 'bot'", "Hint: did you mean 'bot@2'?"]),
        ("./none", ["Error: none: there is no such folder"]),
        (
            "https://store/bot@1",
            [
                "Error: 'https://store/bot@1' is not a run but a URL",
                "Hint: --store https://store and the run as 'bot@1'",
            ],
        ),
    ],
)
def test_runs_that_are_none(audited: Auditor, command: tuple[str, ...], run: str, lines: list[str]) -> None:
    refused(audited(*command, run), 2, *lines)


def test_an_empty_store_has_no_run(auditor: Auditor) -> None:
    refused(
        auditor("show", "bot@1"), 2, "Error: there is no run 'bot@1': the store is empty", "Hint: auditor run MODEL"
    )


def test_a_bug_of_ours_is_called_one(auditor: Auditor, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("\x1b[31mred")

    monkeypatch.setattr("auditor.cli.auditing.prepare", broken)
    done = auditor(*RUN)
    assert (done.exit_code, done.stdout) == (70, "")
    fact, hint = done.stderr.splitlines()
    assert fact == "Error: this is a bug of auditor: RuntimeError: [␛][31mred"
    file = re.fullmatch(r"Hint: the traceback is in (\S+); what was answered is kept", hint)
    assert file
    assert "in broken" in Path(file[1]).read_text()
    Path(file[1]).unlink()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.parametrize("words", [("probes", "list"), ("--help",), ("--version",)])
def test_a_full_disk_behind_stdout_is_no_bug(words: tuple[str, ...]) -> None:
    code = "from auditor.cli import main; main()"
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-c", code, *words], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert (done.returncode, done.stderr) == (4, "Error: cannot be written: No space left on device\n")
