"""What every driver of a category promises, as suites of tests for whoever writes one.

    from hwsim.conformance import PosPrinterConformance

    class TestMyPrinter(PosPrinterConformance):
        @pytest.fixture
        def printer(self, paper, wake):
            return MyPrinter("p", MyOptions(address=paper.address), wake)

runs the whole contract of `tillhald.devices.categories.PosPrinter` against a simulated printer.
A promise that rests on a sensor which the model has not got is skipped.

These suites are the one place where hwsim knows the daemon: its protocols and their values. They
test drivers; what witnesses for or against them, the simulator, still knows nothing of either.
"""

from hwsim.conformance.drawer import CashDrawerConformance
from hwsim.conformance.power import PowerSourceConformance
from hwsim.conformance.printer import PosPrinterConformance
from hwsim.conformance.scanner import BarcodeScannerConformance, Handheld

__all__ = [
    "BarcodeScannerConformance",
    "CashDrawerConformance",
    "Handheld",
    "PosPrinterConformance",
    "PowerSourceConformance",
]
