"""Every byte that a printer answers, and when: TM-T88 class, by the manual's bits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hwsim.drawer import Level, VirtualDrawer
from hwsim.mechanism import Mechanism, PaperState
from hwsim.models import MODELS

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Bench

    NewBench = Callable[..., Bench]

DLE_EOT_ALL = b"\x10\x04\x01\x10\x04\x02\x10\x04\x03\x10\x04\x04"
READ_CUTS = b"\x1dg2\x00\x32\x00"
JOB = b"Total 12.35\n\x1dVB\x00"


def test_a_ready_printer_answers_its_four_real_time_statuses(bench: NewBench) -> None:
    assert bench().send(DLE_EOT_ALL).hex(" ") == "12 12 12 12"


@pytest.mark.parametrize(
    ("trouble", "statuses"),
    [
        ("cover", "1a 16 12 12"),
        ("near_end", "12 12 12 1e"),
        ("end", "1a 32 12 7e"),
        ("drawer", "16 12 12 12"),
        ("cutter", "1a 52 1a 12"),
    ],
)
def test_each_trouble_sets_its_own_bits(bench: NewBench, trouble: str, statuses: str) -> None:
    printer = bench()
    mechanism = printer.mechanism
    if trouble == "cover":
        mechanism.cover_open = True
    elif trouble == "near_end":
        mechanism.load_paper(PaperState.NEAR_END, None)
    elif trouble == "end":
        mechanism.load_paper(PaperState.END, None)
    elif trouble == "drawer":
        printer.drawer.open_by_key()
    else:
        mechanism.cutter_blocked = True
        printer.send(JOB)
    assert printer.send(DLE_EOT_ALL).hex(" ") == statuses


def test_automatic_status_is_sent_once_enabled_and_on_each_enabled_change(
    bench: NewBench,
) -> None:
    printer = bench()
    assert printer.send(b"\x1da\xff").hex(" ") == "10 00 00 00"
    assert printer.send(b"text\n") == b""
    printer.drawer.open_by_key()
    printer.mechanism.report()
    printer.mechanism.load_paper(PaperState.NEAR_END, None)
    printer.mechanism.load_paper(PaperState.END, None)
    assert printer.send(b"").hex(" ") == "14 00 00 00 14 00 03 00 1c 00 0f 00"


def test_automatic_status_keeps_silent_about_classes_that_are_off(bench: NewBench) -> None:
    printer = bench()
    printer.send(b"\x1da\x08")  # paper only
    printer.drawer.open_by_key()
    printer.mechanism.report()
    assert printer.send(b"") == b""
    printer.mechanism.load_paper(PaperState.NEAR_END, None)
    assert printer.send(b"").hex(" ") == "14 00 03 00"


def test_initialising_ends_automatic_status(bench: NewBench) -> None:
    printer = bench()
    printer.send(b"\x1da\xff\x1b@")
    printer.mechanism.load_paper(PaperState.NEAR_END, None)
    assert printer.send(b"") == b""


def test_paper_and_drawer_can_be_asked_in_turn(bench: NewBench) -> None:
    printer = bench()
    assert printer.send(b"\x1dr\x01\x1dr\x02\x1bv\x1bu\x00").hex(" ") == "00 00 00 00"
    printer.mechanism.load_paper(PaperState.NEAR_END, None)
    printer.drawer.open_by_key()
    assert printer.send(b"\x1dr1\x1dr2\x1bv\x1bu\x00").hex(" ") == "03 01 03 01"


def test_a_question_in_turn_waits_while_the_printer_is_offline(bench: NewBench) -> None:
    printer = bench()
    printer.mechanism.cover_open = True
    assert printer.send(b"\x1dr\x01\x10\x04\x02").hex(" ") == "16"
    printer.mechanism.cover_open = False
    assert printer.send(b"").hex(" ") == "00"


def test_the_printer_names_itself(bench: NewBench) -> None:
    printer = bench()
    assert printer.send(b"\x1dI\x01\x1dI\x02\x1dI\x03").hex(" ") == "20 03 02"
    assert printer.send(b"\x1dIB") == b"_EPSON\x00"
    assert printer.send(b"\x1dIC") == b"_TM-T88V\x00"
    assert printer.send(b"\x1dID") == b"_HWSIM00001\x00"
    assert printer.send(b"\x1dIE") == b"_CHINA GB18030\x00"
    assert printer.send(b"\x1dI\x63") == b""


def test_a_process_id_comes_back_when_all_before_it_is_printed(bench: NewBench) -> None:
    printer = bench(realistic=True)
    rows = 24 * 30 + MODELS["tm-t88"].head_to_cutter_dots
    printed_s = rows / MODELS["tm-t88"].dots_per_s + MODELS["tm-t88"].cut_s
    job = b"line\n" * 24 + b"\x1dVB\x00" + b"\x1d(H\x06\x0000id42"
    assert printer.send(job, now_s=100.0) == b""
    again_s = 100.0
    answer = b""
    for _ in range(100):
        if answer:
            break
        due = printer.mechanism.run(again_s)
        answer = printer.send(b"", now_s=again_s)
        again_s = due or again_s
    assert answer == b"\x37\x22id42\x00"
    assert again_s - 100.0 == pytest.approx(printed_s, rel=0.01)


def test_a_clone_does_not_know_process_ids(bench: NewBench) -> None:
    ask = b"\x1d(H\x06\x0000id42\x1dr\x01"
    assert bench(MODELS["generic-80"]).send(ask) == b"\x00"
    assert bench(ignore_process_id=True).send(ask) == b"\x00"
    assert bench().send(ask) == b"\x37\x22id42\x00\x00"


def test_the_cutter_counter_counts_cuts_and_outlives_the_power(bench: NewBench) -> None:
    printer = bench()
    assert printer.send(READ_CUTS) == b"_0\x00"
    printer.send(JOB * 12)
    printer.mechanism.power_cycle()
    assert printer.send(READ_CUTS) == b"_12\x00"
    assert (
        printer.send(b"\x1dg0\x00\x32\x00" + READ_CUTS + b"\x1dg2\x00\xb2\x00") == b"_0\x00_12\x00"
    )


def test_a_cut_that_fails_is_not_counted(bench: NewBench) -> None:
    printer = bench()
    printer.mechanism.cutter_blocked = True
    printer.send(JOB)
    printer.mechanism.cutter_blocked = False
    assert printer.send(b"\x10\x05\x02" + READ_CUTS) == b"_0\x00"


def test_after_a_jam_dle_enq_1_goes_on_at_the_cut(bench: NewBench) -> None:
    printer = bench()
    printer.mechanism.cutter_blocked = True
    printer.send(JOB + b"second\n\x1dVB\x00")
    assert printer.receipts == []
    printer.send(b"\x10\x05\x01")
    assert printer.receipts == [], "still jammed: it fails again"
    printer.mechanism.cutter_blocked = False
    printer.send(b"\x10\x05\x01")
    assert [receipt.text for receipt in printer.receipts] == ["Total 12.35\n", "second\n"]


def test_after_a_jam_dle_enq_2_forgets_what_was_waiting(bench: NewBench) -> None:
    printer = bench()
    printer.mechanism.cutter_blocked = True
    printer.send(JOB + b"second\n\x1dVB\x00")
    printer.mechanism.cutter_blocked = False
    printer.send(b"\x10\x05\x02")
    assert printer.print_and_cut(b"third").text == "Total 12.35\nthird\n"


def test_recovery_without_an_error_changes_nothing(bench: NewBench) -> None:
    printer = bench()
    printer.mechanism.cover_open = True
    printer.send(JOB + b"\x10\x05\x02")
    printer.mechanism.cover_open = False
    printer.send(b"")
    assert [receipt.text for receipt in printer.receipts] == ["Total 12.35\n"]


def test_clearing_the_buffer_is_acknowledged(bench: NewBench) -> None:
    printer = bench()
    printer.mechanism.cover_open = True
    clear = b"\x10\x14\x08\x01\x03\x14\x01\x06\x02\x08"
    assert printer.send(JOB + clear) == b"\x37\x25\x00"
    printer.mechanism.cover_open = False
    printer.send(b"")
    assert printer.receipts == []


def test_an_open_cover_stops_printing_and_loses_nothing(bench: NewBench) -> None:
    printer = bench()
    printer.send(b"one\n")
    printer.mechanism.cover_open = True
    printer.send(b"two\n\x1dVB\x00")
    assert printer.mechanism.paper.strip.text == "one\n"
    printer.mechanism.cover_open = False
    printer.send(b"")
    assert printer.receipts[0].text == "one\ntwo\n"


def test_paper_ends_in_the_middle_of_a_receipt(bench: NewBench) -> None:
    printer = bench()
    printer.mechanism.load_paper(PaperState.END, after_dots=90)
    printer.send(b"1\n2\n3\n4\n5\n\x1dVB\x00")
    assert printer.mechanism.offline
    assert printer.mechanism.paper.strip.text == "1\n2\n3\n"
    printer.mechanism.load_paper(PaperState.ADEQUATE, None)
    printer.send(b"")
    assert printer.receipts[0].text == "1\n2\n3\n4\n5\n"


def test_a_power_cycle_loses_buffer_and_settings_but_no_paper(bench: NewBench) -> None:
    printer = bench()
    printer.send(b"\x1da\xff\x1dB\x01\x1ba\x02one\n")
    printer.mechanism.cover_open = True
    printer.send(b"two\n\x1dVB\x00\x1dv0\x00\xff\x00")
    printer.mechanism.power_cycle()
    printer.mechanism.cover_open = False
    printer.mechanism.report()
    assert printer.send(b"") == b""
    receipt = printer.print_and_cut(b"three\n")
    assert receipt.text == " " * 39 + "one\nthree\n"


def test_the_buffer_takes_four_kilobytes_while_offline_and_no_more(bench: NewBench) -> None:
    printer = bench()
    printer.mechanism.cover_open = True
    taken = 0
    while room := printer.mechanism.room:
        chunk = (b"x" * 39 + b"\n") * 200
        printer.send(chunk[:room])
        taken += room
    assert taken == 4096


def test_a_picture_larger_than_the_buffer_still_prints(bench: NewBench) -> None:
    printer = bench()
    picture = b"\x1dv0\x00\x40\x00\xe8\x03" + b"\x55" * 64_000 + b"\x1dVB\x00"
    sent = 0
    while sent < len(picture):
        room = printer.mechanism.room
        assert 0 < room <= 4096
        printer.send(picture[sent : sent + room])
        sent += room
    assert printer.receipts[0].text == "[image 512x1000]\n"


def test_a_printer_set_to_busy_when_offline_hears_nothing_then(bench: NewBench) -> None:
    printer = bench(busy_when_offline=True)
    assert printer.mechanism.room == 4096
    printer.mechanism.cover_open = True
    assert printer.mechanism.room == 0


def test_old_printers_obey_real_time_commands_inside_an_image(bench: NewBench) -> None:
    image = b"\x1dv0\x00\x05\x00\x01\x00\x10\x14\x01\x00\x05"
    modern, old = bench(), bench(realtime_in_data=True)
    modern.send(image)
    old.send(image)
    assert not modern.drawer.is_open
    assert old.drawer.is_open
    assert [pulse.command for pulse in old.mechanism.pulses] == ["DLE DC4"]


def test_real_time_commands_of_an_old_printer_act_once(bench: NewBench) -> None:
    assert bench(realtime_in_data=True).send(b"\x10\x04\x01").hex(" ") == "12"


def test_esc_p_opens_the_drawer_in_turn(bench: NewBench) -> None:
    printer = bench()
    printer.mechanism.cover_open = True
    printer.send(b"\x1bp\x00\x32\x32")
    assert not printer.drawer.is_open
    printer.mechanism.cover_open = False
    printer.send(b"")
    assert printer.drawer.is_open
    pulse = printer.mechanism.pulses[0]
    assert (pulse.command, pulse.pin, pulse.on_ms) == ("ESC p", 2, 100)


def test_dle_dc4_opens_the_drawer_at_once_even_offline(bench: NewBench) -> None:
    printer = bench()
    printer.mechanism.cover_open = True
    printer.send(b"\x10\x14\x01\x00\x02")
    assert printer.drawer.is_open
    pulse = printer.mechanism.pulses[0]
    assert (pulse.command, pulse.pin, pulse.on_ms) == ("DLE DC4", 2, 200)


def test_real_time_pulses_can_be_disabled(bench: NewBench) -> None:
    printer = bench()
    printer.send(b"\x1d(D\x03\x00\x14\x01\x00")
    printer.send(b"\x10\x14\x01\x00\x02")
    assert not printer.drawer.is_open
    printer.send(b"\x1d(D\x03\x00\x14\x01\x01")
    printer.send(b"\x10\x14\x01\x00\x02")
    assert printer.drawer.is_open


@pytest.mark.parametrize(
    ("open_level", "shut_status", "open_status"),
    [(Level.HIGH, 0x12, 0x16), (Level.LOW, 0x16, 0x12)],
)
def test_what_pin_3_means_depends_on_the_drawer(
    open_level: Level, shut_status: int, open_status: int
) -> None:
    drawer = VirtualDrawer(open_level=open_level)
    mechanism = Mechanism(MODELS["tm-t88"], drawer, lambda _: None)
    mechanism.receive(b"\x10\x04\x01", 0.0)
    drawer.open_by_key()
    mechanism.receive(b"\x10\x04\x01", 0.0)
    assert list(mechanism.output) == [shut_status, open_status]


@pytest.mark.parametrize(
    ("drawer", "pulse"),
    [
        (VirtualDrawer(stuck=True), b"\x1bp\x00\x32\x32"),
        (VirtualDrawer(pin=5), b"\x1bp\x00\x32\x32"),
        (VirtualDrawer(pin=2), b"\x1bp\x01\x32\x32"),
        (VirtualDrawer(pulse_ms_min=150), b"\x1bp\x00\x32\x32"),
    ],
    ids=["stuck", "wired to pin 5", "pulse on pin 5", "pulse too short"],
)
def test_a_pulse_that_does_not_suit_the_drawer_leaves_it_shut(
    drawer: VirtualDrawer, pulse: bytes
) -> None:
    mechanism = Mechanism(MODELS["tm-t88"], drawer, lambda _: None)
    mechanism.receive(pulse, 0.0)
    mechanism.run(0.0)
    assert not drawer.is_open
    assert mechanism.pulse_count == 1


def test_a_drawer_counts_how_often_it_sprang_open() -> None:
    drawer = VirtualDrawer()
    for _ in range(2):
        drawer.pulse(2, 100)
        drawer.pulse(2, 100)
        drawer.close()
    assert (drawer.open_count, drawer.is_open) == (2, False)


def test_a_macro_is_executed_while_it_is_defined_and_as_often_as_asked(bench: NewBench) -> None:
    printer = bench()
    receipt = printer.print_and_cut(b"\x1d:one\ntwo\n\x1d:\x1d^\x02\x00\x00end\n")
    assert receipt.text == "one\ntwo\n" * 3 + "end\n"
    assert printer.print_and_cut(b"\x1d^\x01\x00\x00").text == "one\ntwo\n"


def test_a_macro_within_its_own_definition_gives_it_up(bench: NewBench) -> None:
    assert bench().print_and_cut(b"\x1d:one\n\x1d^\x05\x00\x00\x1d^\x05\x00\x00").text == "one\n"


def test_an_empty_macro_and_the_power_forget(bench: NewBench) -> None:
    printer = bench()
    printer.send(b"\x1d:one\n\x1d:")
    printer.mechanism.power_cycle()
    assert printer.print_and_cut(b"\x1d^\x03\x00\x00x\n").text == "one\nx\n"
    printer.send(b"\x1d:one\n\x1d:\x1d:\x1d:")
    assert printer.print_and_cut(b"\x1d^\x03\x00\x00x\n").text == "one\nx\n"


def test_a_jam_stops_a_macro_at_its_cut_and_goes_on_from_there(bench: NewBench) -> None:
    printer = bench()
    printer.send(b"\x1d:slip\n\x1dVB\x00\x1d:")
    printer.mechanism.cutter_blocked = True
    printer.send(b"\x1d^\x02\x00\x00last\n\x1dVB\x00")
    assert len(printer.receipts) == 1
    printer.mechanism.cutter_blocked = False
    printer.send(b"\x10\x05\x01")
    assert [receipt.text for receipt in printer.receipts] == ["slip\n"] * 3 + ["last\n"]


def test_a_printer_may_be_told_to_stop_near_the_end_of_the_paper(bench: NewBench) -> None:
    printer = bench()
    printer.mechanism.load_paper(PaperState.NEAR_END, None)
    assert printer.send(b"\x10\x04\x01") == b"\x12"
    printer.send(b"\x1bc4\x03")
    assert printer.send(b"\x10\x04\x01") == b"\x1a"
    printer.mechanism.load_paper(PaperState.ADEQUATE, None)
    assert printer.send(b"\x10\x04\x01") == b"\x12"
    printer.send(b"\x1b@")
    printer.mechanism.load_paper(PaperState.NEAR_END, None)
    assert printer.send(b"\x10\x04\x01") == b"\x12"


def test_a_printer_that_is_not_selected_prints_nothing_of_what_a_display_is_told(
    bench: NewBench,
) -> None:
    display = b"\x1b=\x02\x1f\x01\x0cTOTAL\x1f$\x01\x0212.35\x1fB\x1bp\x00\x32\x32\x1b=\x01"
    printer = bench()
    assert printer.print_and_cut(display + b"receipt\n").text == "receipt\n"
    assert not printer.drawer.is_open


@pytest.mark.parametrize(
    ("commands", "numbers"),
    [
        (b"", "1 2 3 4"),
        (b"\x1dC0\x03\x01", "001 002 003 004"),
        (b"\x1dC0\x03\x02\x1dC2\x0c\x00", "12 13 14 15"),
        (b"\x1dC1\x09\x00\x03\x00\x03\x01\x1dC2\x09\x00", "9 6 3 9"),
        (b"\x1dC;7;9;2;2;7;", "7 7 9 9"),
        (b"\x1dC;7;9;0;1;7;", "7 7 7 7"),
        (b"\x1dC;7;x;0;1;7;", "1 2 3 4"),
    ],
)
def test_the_print_counter_prints_and_counts(
    bench: NewBench, commands: bytes, numbers: str
) -> None:
    assert bench().print_and_cut(commands + b"\x1dc\n" * 4).text.split() == numbers.split()


def test_the_printer_prints_a_sheet_of_its_own(bench: NewBench) -> None:
    printer = bench()
    printer.send(b"\x1ba\x01before\n\x1d(A\x02\x00\x00\x02\x1d(A\x02\x00\x00\x33after\n\x1dVB\x00")
    sheets = [receipt.text for receipt in printer.receipts]
    assert "TM-T88V" in sheets[0]
    assert len(sheets[1].splitlines()) == 12
    assert sheets[2] == "after\n", "settings are those of power-up"
    assert printer.send(READ_CUTS) == b"_3\x00"
