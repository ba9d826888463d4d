"""The server itself: start and stop, TLS, keep-alive, latency, serving by hand."""

import http.client
import signal
import socket
import ssl
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
import trustme

from izoologic_cdf.emulator import Emulator, EmulatorError, Scenario, load_scenario
from tests.emulator.api_client import API, Client
from tests.support.signals import heeded


def test_it_listens_on_loopback_and_stops_at_the_end() -> None:
    with Emulator(load_scenario("guide")) as emulator:
        assert emulator.url == f"http://127.0.0.1:{emulator.port}"
        assert requests.get(emulator.url, timeout=5).status_code == 404
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", emulator.port), timeout=5)


def test_a_port_that_is_taken_is_told() -> None:
    scenario = Scenario(name="empty")
    with (
        Emulator(scenario) as first,
        pytest.raises(EmulatorError, match=f"cannot listen on 127.0.0.1:{first.port}: .* in use"),
    ):
        Emulator(scenario, port=first.port).start()


def test_one_connection_serves_many_requests() -> None:
    with Emulator(load_scenario("guide")) as emulator:
        connection = http.client.HTTPConnection("127.0.0.1", emulator.port, timeout=5)
        ports = set()
        for _ in range(3):
            connection.request("GET", API + "CaseDetail")
            response = connection.getresponse()
            response.read()
            assert (response.version, response.status) == (11, 401)
            ports.add(connection.sock.getsockname()[1])
        connection.close()
    assert len(ports) == 1


def test_it_speaks_tls_with_the_context_it_is_given() -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with (
        Emulator(load_scenario("guide"), ssl_context=context) as emulator,
        authority.cert_pem.tempfile() as trusted,
        Client(emulator) as client,
    ):
        assert emulator.url.startswith("https://127.0.0.1:")
        with pytest.raises(requests.exceptions.SSLError):
            client.login()
        client.session.verify = trusted
        client.login()
        assert client.detail("CASE123456")["success"] is True


def test_latency_is_added_to_each_answer_and_answers_do_not_wait_for_each_other(
    client: Client,
) -> None:
    client.emulator.state.set_options(latency=0.3)
    started = time.monotonic()
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(client.detail, ["CASE123456"] * 4))
    took = time.monotonic() - started
    assert all(answer["success"] for answer in answers)
    assert 0.3 <= took < 1.2


def test_other_keys_can_be_given() -> None:
    with Emulator(load_scenario("guide"), api_key="a", secret_key="b") as emulator:
        assert (emulator.api_key, emulator.secret_key) == ("a", "b")
        with Client(emulator) as client:
            assert client.login()


def test_stopping_does_not_wait_for_a_client_that_hangs() -> None:
    with Emulator(load_scenario("guide")) as emulator, Client(emulator) as client:
        client.login()
        emulator.state.add_fault("hang")
        with pytest.raises(requests.exceptions.ReadTimeout):
            client.get(API + "CaseDetail", params={"caseid": "CASE123456"}, timeout=0.1)
        emulator.state.add_fault("hang")
        with ThreadPoolExecutor(1) as pool:
            future = pool.submit(client.detail, "CASE123456")
            time.sleep(0.1)
            started = time.monotonic()
            emulator.stop()
            assert time.monotonic() - started < 3
            assert isinstance(future.exception(), requests.exceptions.ConnectionError)


SERVE = ("-m", "izoologic_cdf.cli.main", "emulator", "--fixed-dates")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serving_by_hand_prints_address_and_keys_and_ends_on_a_signal(
    number: signal.Signals,
) -> None:
    with heeded():
        started = subprocess.Popen(  # noqa: S603
            [sys.executable, *SERVE], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
    with started as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(8)]
        told = {line[2:16].strip(): line[16:].strip() for line in lines[1:7]}
        keys = {"apikey": told["API Key"], "secretkey": told["API Secret"]}
        url = told["API Hostname"] + "/api/Token/Authenticate"
        assert requests.post(url, json=keys, timeout=5).json()["success"] is True
        assert requests.get(told["Control"], timeout=5).json()["scenario"] == "guide"
        assert told["Holds"] == "2023-01-01T00:00:00Z to 2025-08-15T00:00:00Z"
        process.send_signal(number)
        _, errors = process.communicate(timeout=10)
    assert (process.returncode, errors) == (0, "")


def test_a_start_that_fails_in_an_odd_way_ends_too() -> None:
    emulator = Emulator(load_scenario("guide"), port=70_000)
    with pytest.raises(OverflowError):
        emulator.start()
