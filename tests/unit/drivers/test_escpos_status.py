"""Everything that a printer sends is told apart, in whatever pieces and order it comes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tillhald.devices.categories import How, PowerState, Trouble
from tillhald.drivers.escpos.status import (
    BLOCK_BYTES_MAX,
    COUNTER_DIGITS_MAX,
    STALE_S,
    AutoStatus,
    BlockReply,
    ByteReply,
    Demultiplexer,
    Junk,
    Message,
    RealTimeReply,
    Senses,
    counter_of,
    process_id_of,
)

auto = st.tuples(
    st.integers(0, 255).map(lambda b: b & 0x6C | 0x10),
    *[st.integers(0, 255).map(lambda b: b & 0x6F)] * 3,
).map(bytes)
messages = st.one_of(
    st.integers(0, 255).map(lambda b: RealTimeReply(b & 0x6C | 0x12)),
    auto.map(AutoStatus),
    st.sampled_from([0x00, 0x03, 0x0C, 0x0F, 0x60]).map(ByteReply),
    st.text("0123456789ABC", max_size=20).map(lambda t: BlockReply(b"\x5f" + t.encode())),
    st.text("0123456789ABC", min_size=4, max_size=4).map(
        lambda t: BlockReply(b"\x37\x22" + t.encode())
    ),
)


def on_wire(message: Message) -> bytes:
    match message:
        case RealTimeReply(bits) | ByteReply(bits):
            return bytes([bits])
        case AutoStatus(bits):
            return bits
        case BlockReply(content):
            return content + b"\x00"
        case Junk(content):
            return content


@given(sent=st.lists(messages, max_size=12), flow=st.randoms(use_true_random=False))
def test_all_messages_are_told_apart_even_with_flow_control_between_any_bytes(
    sent: list[Message], flow: object
) -> None:
    wire = bytearray()
    for byte in b"".join(on_wire(message) for message in sent):
        if flow.random() < 0.2:  # type: ignore[attr-defined]  # random.Random, as hypothesis says
            wire += b"\x13\x11"
        wire.append(byte)
    whole = Demultiplexer().feed(bytes(wire))
    pieces = Demultiplexer()
    assert whole == sent
    assert [m for byte in wire for m in pieces.feed(bytes([byte]))] == sent


@given(noise=st.binary(max_size=600))
def test_noise_never_raises_nor_grows_and_is_over_within_one_block(noise: bytes) -> None:
    demultiplexer = Demultiplexer()
    demultiplexer.feed(noise)
    demultiplexer.feed(b"\x00" * 4)  # ends a block; the rest of an automatic status, or replies
    assert demultiplexer.feed(b"\x16") == [RealTimeReply(0x16)]


def test_a_block_without_end_is_given_up() -> None:
    found = Demultiplexer().feed(b"\x5f" + b"1" * (BLOCK_BYTES_MAX - 1) + b"\x16")
    assert [type(message) for message in found] == [Junk, RealTimeReply]


def test_a_status_that_lost_a_byte_does_not_shift_the_next() -> None:
    good = b"\x10\x00\x00\x00"
    assert Demultiplexer().feed(good[:3] + good) == [Junk(good[:3]), AutoStatus(good)]


def test_blocks_are_read_for_what_they_are() -> None:
    assert process_id_of(b"\x37\x22A0Z9") == "A0Z9"
    assert process_id_of(b"\x37\x25") is None
    assert counter_of(b"\x5f120") == 120
    assert counter_of(b"\x5fEPSON") is None


def test_a_count_that_no_journal_could_keep_is_none() -> None:
    assert counter_of(b"\x5f" + b"9" * COUNTER_DIGITS_MAX) == 10**COUNTER_DIGITS_MAX - 1
    assert counter_of(b"\x5f" + b"9" * (COUNTER_DIGITS_MAX + 1)) is None


def new_senses() -> Senses:
    return Senses(two_way=True, finds_printer=True, near_end_sensor=True, cut_counter=True)


def test_silence_is_unknown_and_never_paper() -> None:
    senses = new_senses()
    senses.connected(100.0)
    status = senses.status(101.0)
    assert (status.paper_out.value, status.paper_out.how) == (None, How.UNKNOWN)
    assert status.power.value is PowerState.UNKNOWN
    assert senses.trouble(101.0) is None
    assert not senses.ready(101.0)


def test_what_was_measured_becomes_stale_with_time_and_with_the_link() -> None:
    senses = new_senses()
    senses.connected(100.0)
    senses.take_auto(AutoStatus(b"\x38\x00\x0c\x00"), 100.0)
    assert senses.trouble(101.0) is Trouble.PAPER_OUT
    assert senses.status(101.0).power.value is PowerState.OFFLINE
    late = senses.status(100.0 + STALE_S + 1)
    assert (late.paper_out.value, late.paper_out.how) == (True, How.STALE)
    senses.connected(102.0)
    assert senses.status(102.0).cover_open.how is How.STALE
    assert senses.trouble(102.0) is None


def test_each_question_has_its_own_bits() -> None:
    senses = new_senses()
    senses.connected(0.0)
    for question, bits in ((1, 0x16), (2, 0x16), (3, 0x5A), (4, 0x1E)):
        senses.take_real_time(question, bits, 1.0)
    status = senses.status(1.0)
    assert status.drawer_pin_high.value
    assert status.offline.value is False
    assert status.cover_open.value
    assert status.cutter_error.value
    assert status.overheated.value
    assert status.unrecoverable_error.value is False
    assert status.paper_near_end.value
    assert status.paper_out.value is False


def test_a_model_without_a_sensor_says_so() -> None:
    senses = Senses(two_way=True, finds_printer=True, near_end_sensor=False, cut_counter=False)
    senses.connected(0.0)
    senses.take_auto(AutoStatus(b"\x10\x00\x03\x00"), 0.0)
    status = senses.status(0.0)
    assert status.paper_near_end.how is How.UNSUPPORTED
    assert status.cut_count.how is How.UNSUPPORTED
