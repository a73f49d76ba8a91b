"""Every metric of the daemon, declared here. The unit stands last; labels are closed sets."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

RPC_SECONDS = Histogram(
    "tillhal_rpc_seconds",
    "Time from a unary request's arrival to its answer, answered calls only.",
    ["rpc"],
    buckets=(0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.2, 1, 5),
)
RPC_REFUSED = Counter(
    "tillhal_rpc_refused", "Calls that were refused, by reason.", ["rpc", "reason"]
)
JOURNAL_HEAD_SEQ = Gauge("tillhal_journal_head_seq", "The journal's last durable sequence number.")
JOURNAL_USED_BYTES = Gauge("tillhal_journal_used_bytes", "Bytes of the journal's file in use.")
JOURNAL_MAP_BYTES = Gauge("tillhal_journal_map_bytes", "Bytes set aside for the journal's file.")
LIVE_SALES = Gauge(
    "tillhal_live_sales", "Sales that are open, suspended, tendering or interrupted."
)
POWER_SUPPLY = Gauge(
    "tillhal_power_supply", "1 for the state that the till's power is in, 0 for others.", ["supply"]
)
POWER_REFUSES_SALES = Gauge(
    "tillhal_power_refuses_sales", "1 while new sales are refused for want of power."
)
OUTAGES = Counter("tillhal_outages", "Outages that began since the daemon's start.")
ON_BATTERY_SECONDS = Counter(
    "tillhal_on_battery_seconds", "Seconds on battery in outages since the daemon's start."
)
UPS_HEARD = Gauge("tillhal_ups_heard", "1 while a UPS is heard.", ["ups"])
UPS_CHARGE_PERCENT = Gauge("tillhal_ups_charge_percent", "A UPS's charge.", ["ups"])
UPS_RUNTIME_SECONDS = Gauge("tillhal_ups_runtime_seconds", "How long a UPS says it lasts.", ["ups"])
UPS_LOAD_PERCENT = Gauge("tillhal_ups_load_percent", "A UPS's load.", ["ups"])
SCANS = Counter(
    "tillhal_scans",
    "Scans, by what became of them.",
    ["device", "outcome"],
)
BACKUP_AGE_SECONDS = Gauge(
    "tillhal_backup_age_seconds",
    "Time since the last backup that was read back whole; +Inf before there was one.",
)
PROVEN_RESTORE_AGE_SECONDS = Gauge(
    "tillhal_proven_restore_age_seconds",
    "Time since the last restore that was proven; +Inf before there was one.",
)
