"""Doors for tools that know nothing of us: health, reflection, and `buf curl`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2

from tests.support.sales import new_id

if TYPE_CHECKING:
    from tests.support.till import Till

SERVICES = {
    "tillhal.v1.CheckoutService",
    "tillhal.v1.DeviceService",
    "tillhal.v1.DrawerService",
    "tillhal.v1.JournalService",
    "tillhal.v1.PrinterService",
    "tillhal.v1.SystemService",
}
BUF = Path(sys.executable).with_name("buf")
CURL_S_MAX = 20.0


def tcp_address(till: Till) -> str:
    """Where the till listens besides its socket."""
    line = next(text for text in till.config.read_text().splitlines() if text.startswith("tcp ="))
    return line.split('"')[1]


@pytest.fixture(params=["unix", "tcp"])
def address(till: Till, request: pytest.FixtureRequest) -> str:
    return till.address if request.param == "unix" else tcp_address(till)


def test_every_service_says_that_it_serves(till: Till, address: str) -> None:
    health = till.another(address).health
    for service in ("", *sorted(SERVICES)):
        answer = health.Check(health_pb2.HealthCheckRequest(service=service))
        assert answer.status == health_pb2.HealthCheckResponse.SERVING, service


@pytest.mark.parametrize("version", ["v1", "v1alpha"])
def test_reflection_lists_all_services_and_knows_their_files(
    till: Till, address: str, version: str
) -> None:
    ask = till.another(address).channel.stream_stream(
        f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo",
        request_serializer=reflection_pb2.ServerReflectionRequest.SerializeToString,
        response_deserializer=reflection_pb2.ServerReflectionResponse.FromString,
    )
    questions = [
        reflection_pb2.ServerReflectionRequest(list_services="*"),
        *(
            reflection_pb2.ServerReflectionRequest(file_containing_symbol=service)
            for service in sorted(SERVICES)
        ),
    ]
    listed, *files = ask(iter(questions), timeout=10)
    assert {service.name for service in listed.list_services_response.service} > SERVICES
    assert all(answer.file_descriptor_response.file_descriptor_proto for answer in files)


def test_buf_curl_sells_without_proto_files(till: Till, address: str, tmp_path: Path) -> None:
    request = {
        "requestId": new_id(),
        "saleId": new_id(),
        "lines": [
            {
                "lineId": "1",
                "description": "Coffee beans",
                "quantity": {"unscaled": "2"},
                "unitPrice": {"currencyCode": "EUR", "minorUnits": "750"},
            }
        ],
        "tenders": [
            {
                "tenderId": "1",
                "type": "TENDER_TYPE_CREDIT_CARD",
                "amount": {"currencyCode": "EUR", "minorUnits": "1500"},
            }
        ],
    }
    is_unix = address.startswith("unix:")
    done = subprocess.run(
        [
            str(BUF),
            "curl",
            "--protocol=grpc",
            "--http2-prior-knowledge",
            *(["--unix-socket", address.removeprefix("unix:")] if is_unix else []),
            "--data",
            json.dumps(request),
            f"http://{'localhost' if is_unix else address}/tillhal.v1.CheckoutService/Checkout",
        ],
        capture_output=True,
        text=True,
        timeout=CURL_S_MAX,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["sale"]["state"] == "SALE_STATE_COMPLETED"
    assert answer["sale"]["payable"] == {"currencyCode": "EUR", "minorUnits": "1500"}


def test_health_says_that_it_no_longer_serves_before_the_till_is_gone(till: Till) -> None:
    watched = till.calls.health.Watch(health_pb2.HealthCheckRequest())
    assert next(watched).status == health_pb2.HealthCheckResponse.SERVING
    till.stop()
    assert next(watched).status == health_pb2.HealthCheckResponse.NOT_SERVING
