"""The shop's logo on the receipts of the running daemon."""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc
from PIL import ImageOps

from hwsim.printer import VirtualPrinter
from tests.conformance.test_paper_looks import defined, frame, same
from tests.support.answers import await_job, journal_records, refused
from tests.support.programs import wait_for
from tests.support.sales import card_sale, new_id
from tests.support.till import a_till
from tillhal import documents
from tillhal.v1 import device_pb2, printer_pb2

if TYPE_CHECKING:
    from PIL import Image

    from hwsim.receipt import Receipt
    from tests.support.till import Till

WIDTH, HEIGHT = 200, 96


def logo_of(receipt: Receipt) -> Image.Image:
    """What stands where the logo should be: the first ink, in the middle of 512 dots."""
    box = ImageOps.invert(receipt.image.convert("L")).getbbox()
    assert box is not None
    left = (512 - WIDTH) // 2
    return receipt.image.crop((left, box[1], left + WIDTH, box[1] + HEIGHT))


def test_every_receipt_has_the_logo_and_so_has_a_document_that_asks_for_it() -> None:
    picture = frame(WIDTH, HEIGHT)
    with VirtualPrinter() as printer, a_till(printer=printer) as till:
        picture.save(till.folder / "logo.png")
        toml = till.config.read_text()
        logo = f'[receipt]\nlogo = "{till.folder / "logo.png"}"\n'
        till.config.write_text(toml.replace("[receipt]\n", logo))
        till.start()
        sold = till.calls.checkout.Checkout(card_sale(new_id()))
        await_job(till.calls, sold.sale.receipt_job_id)
        job_id = new_id()
        request = printer_pb2.SubmitJobRequest(
            request_id=new_id(),
            job_id=job_id,
            document=printer_pb2.PrintDocument(
                parts=[documents.logo(), documents.text("a note"), documents.cut()]
            ),
        )
        till.calls.printer.SubmitJob(request)
        await_job(till.calls, job_id)
        till.restart()
        sold = till.calls.checkout.Checkout(card_sale(new_id()))
        await_job(till.calls, sold.sale.receipt_job_id)
        receipts = printer.wait_receipts(3, 20)
        assert [same(logo_of(receipt), picture) for receipt in receipts] == [True] * 3
        assert defined(printer) == 1, "the printer's memory bears only so many writes"


def test_what_is_written_into_the_printers_memory_is_counted_at_once_and_for_good() -> None:
    with VirtualPrinter() as printer, a_till(printer=printer) as till:
        frame(WIDTH, HEIGHT).save(till.folder / "logo.png")
        toml = till.config.read_text()
        logo = f'[receipt]\nlogo = "{till.folder / "logo.png"}"\n'
        limit = "\n[devices.front_printer.maintenance]\nNVRAMWriteCount = 3\n"
        till.config.write_text(toml.replace("[receipt]\n", logo) + limit)
        till.start()
        print_receipt(till)
        wait_for(lambda: writes(till) == 2, "the picture, and the dot that says it is whole")
        assert due(till) == []
        head = journal_records(till.calls)[-1].seq
        till.kill()  # and not stopped, which would record whatever was gathered
        till.start()
        assert journal_records(till.calls)[-1].seq > head
        assert writes(till) == 2
        print_receipt(till)
        assert writes(till) == 2, "the printer has it"
        frame(WIDTH - 8, HEIGHT).save(till.folder / "logo.png")
        till.restart()
        print_receipt(till)
        wait_for(lambda: writes(till) == 4, "another logo")
        wait_for(lambda: due(till) == ["MAINTENANCE_DUE"], "more than was asked for")
        with refused(grpc.StatusCode.INVALID_ARGUMENT, "FIELD_INVALID"):
            till.calls.device.ResetStatistics(
                device_pb2.ResetStatisticsRequest(
                    request_id=new_id(), device_id="front_printer", names=["NVRAMWriteCount"]
                )
            )


def print_receipt(till: Till) -> None:
    sold = till.calls.checkout.Checkout(card_sale(new_id()))
    await_job(till.calls, sold.sale.receipt_job_id)


def writes(till: Till) -> int:
    request = device_pb2.GetStatisticsRequest(device_id="front_printer")
    (told,) = till.calls.device.GetStatistics(request).devices
    return next(each.value for each in told.statistics if each.name == "NVRAMWriteCount")


def due(till: Till) -> list[str]:
    request = device_pb2.GetDeviceRequest(device_id="front_printer")
    return [each.code for each in till.calls.device.GetDevice(request).device.conditions]


def test_a_logo_that_is_none_is_a_mistake_of_the_configuration() -> None:
    with a_till() as till:
        (till.folder / "logo.png").write_text("no picture")
        logo = f'[receipt]\nlogo = "{till.folder / "logo.png"}"\n'
        till.config.write_text(till.config.read_text().replace("[receipt]\n", logo))
        till.spawn()
        assert till.await_exit() != 0
        assert "receipt.logo: the picture cannot be read" in till.errors() + till.log_text()
