"""`izoologic-cdf platform`: what it prints, TLS, how it ends, and mistakes."""

import builtins
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests

from izoologic_cdf.cli import emulator_commands
from izoologic_cdf.cli.main import build_parser, main
from izoologic_cdf.errors import UsageError

PROGRAM = "import sys; from izoologic_cdf.cli.main import main; sys.exit(main())"


class Served:
    """The command in a process of its own, and what it printed by name."""

    def __init__(self, *words: str) -> None:
        self.process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-c", PROGRAM, "platform", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.told: dict[str, str] = {}
        for line in self.process.stdout:
            if line.startswith("#"):
                break
            name, _, value = line.strip().partition(": ")
            self.told[name] = value

    def end(self, number: signal.Signals) -> tuple[int, str]:
        self.process.send_signal(number)
        _, errors = self.process.communicate(timeout=20)
        return self.process.returncode, errors


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_prints_address_and_credentials_and_ends_on_a_signal(number: signal.Signals) -> None:
    served = Served("--install", "account", "--assume", "page_size=1", "--assume", "keys=folded")
    told = served.told
    assert list(told)[1:5] == ["client_id", "client_secret", "email", "password"]
    query = {"grant_type": "client_credentials"}
    pair = (told["client_id"], told["client_secret"])
    url = told["threatq_host"] + "/api"
    answer = requests.post(f"{url}/token", params=query, auth=pair, timeout=5).json()
    headers = {"Authorization": f"Bearer {answer['access_token']}"}
    assert requests.get(f"{url}/account", headers=headers, timeout=5).json()["total"] == 0
    body = {"email": told["email"], "password": told["password"]}
    body |= {"grant_type": "password", "client_id": told["client_id"]}
    assert requests.post(f"{url}/token", json=body, timeout=5).ok
    options = requests.get(told["control"] + "/options", timeout=5).json()
    assert (options["page_size"], options["keys"]) == (1, "folded")
    assert served.end(number) == (0, "")


def test_with_tls_it_names_the_file_of_its_ca_and_takes_it_along() -> None:
    served = Served("--tls")
    url, ca = served.told["threatq_host"], Path(served.told["ca"])
    assert url.startswith("https://127.0.0.1:")
    session = requests.Session()
    session.trust_env = False
    with pytest.raises(requests.exceptions.SSLError):
        session.get(f"{url}/api/objects", timeout=5)
    session.verify = str(ca)
    assert session.get(f"{url}/api/objects", timeout=5).status_code == 401
    port = url.rpartition(":")[2]
    assert session.get(f"https://localhost:{port}/api/objects", timeout=5).status_code == 401
    session.close()
    assert served.end(signal.SIGTERM) == (0, "")
    assert not ca.exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--install", "nothing"], "there is no custom object 'nothing'"),
        (["--assume", "nothing=1"], "unknown option 'nothing'"),
        (["--assume", "page_size"], "NAME=VALUE"),
        (["--port", "70000"], "from 0 to 65535"),
    ],
)
def test_a_wrong_word_is_told_with_exit_code_2(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["platform", *words]) == 2
    assert said in capsys.readouterr().err


def test_a_file_that_defines_no_custom_object_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "object.json"
    for content, said in (("{", "this is not JSON"), ("{}", "a JSON array")):
        file.write_text(content)
        assert main(["platform", "--install", str(file)]) == 2
        assert said in capsys.readouterr().err


def test_without_the_extra_tls_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def bare(name: str, *rest: Any) -> Any:
        if name == "trustme":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", bare)
    options = build_parser().parse_args(["platform", "--tls"])
    with pytest.raises(UsageError, match=r"pip install 'izoologic-cdf\[tls\]'"):
        emulator_commands.serve_platform(options)
