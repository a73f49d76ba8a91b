"""What the state of the power allows, and what people record of it."""

from __future__ import annotations

import datetime
from typing import assert_never

from tillhald.domain import commands as cmd
from tillhald.domain import errors
from tillhald.domain import events as ev
from tillhald.domain.outages import days_between
from tillhald.domain.sale import UNDER_WAY
from tillhald.domain.state import TillState
from tillhald.domain.supply import Supply

_NEW = (cmd.Checkout, cmd.OpenSale, cmd.OpenReturn, cmd.ResumeSale, cmd.PutSlip)
"""Begun with a battery that is low, it might not be finished."""
_FINISHES = (
    cmd.AddTender,
    cmd.ResolveTender,
    cmd.ReverseTender,
    cmd.CompleteSale,
    cmd.CancelSale,
    cmd.SuspendSale,
    cmd.AnnotateOutage,
    cmd.RecordBattery,
)
"""All that is still taken while the till settles."""
FITTED_DAYS_AHEAD_MAX = 1
"""The person's calendar may be a day before the till's."""


def refuse_on_low_battery(state: TillState, command: cmd.AnyCommand) -> None:
    """Raises BatteryLow for what must not be begun now."""
    power = state.power
    is_settling = power.supply is Supply.SHUTTING_DOWN
    is_new = isinstance(command, _NEW)
    if (power.refuses_sales and is_new) or (is_settling and not isinstance(command, _FINISHES)):
        sentence = "The UPS has power only for what is open: nothing new is begun."
        raise errors.BatteryLow(sentence, power=power.supply.value, ups=power.ups)


def decide_power(state: TillState, command: cmd.PowerCommand, now: cmd.Now) -> ev.AnyEvent:
    """The fact that `command` makes. Raises Refused."""
    match command:
        case cmd.AnnotateOutage():
            if state.power.outage(command.outage_id) is None:
                sentence = "There is no such outage among those that the till holds."
                raise errors.OutageNotFound(sentence, outage_id=command.outage_id)
            return ev.OutageAnnotated(
                outage_id=command.outage_id,
                cause=command.cause,
                note=command.note,
                utility_ref=command.utility_ref,
                expected_back_ms=command.expected_back_ms,
            )
        case cmd.RunSelfTest():
            return _self_test(state, command)
        case cmd.RecordBattery():
            today = datetime.datetime.fromtimestamp(now.at_ms / 1000, tz=datetime.UTC).date()
            if days_between(today.isoformat(), command.fitted_on) > FITTED_DAYS_AHEAD_MAX:
                raise errors.FieldInvalid("fitted_on", "This day is still to come.")
            return ev.BatteryReplaced(
                ups=command.ups,
                fitted_on=command.fitted_on,
                serial=command.serial,
                fitted_by=command.fitted_by,
            )
        case _:
            assert_never(command)


def _self_test(state: TillState, command: cmd.RunSelfTest) -> ev.SelfTestBegan:
    if state.power.test(command.test_id) is not None:
        raise errors.SelfTestExists("There is a test with this id.", test_id=command.test_id)
    if why := why_no_test(state):
        raise errors.SelfTestNotNow(f"A self-test cannot begin now: {why}.", why=why)
    return ev.SelfTestBegan(test_id=command.test_id, ups=command.ups, kind=command.kind)


def why_no_test(state: TillState) -> str:
    """Why a self-test must not begin now; empty when it may. A battery that fails its test takes
    the till down with it, so nobody may be in the middle of a sale."""
    if state.power.running_test is not None:
        return "one is running"
    if state.power.supply is not Supply.ONLINE:
        return f"the power is {state.power.supply.value}"
    if any(sale.state in UNDER_WAY for sale in state.sales.values()):
        return "a sale is open"
    return ""
