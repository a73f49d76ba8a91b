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
SCANS = Counter(
    "tillhal_scans",
    "Scans, by what became of them.",
    ["device", "outcome"],
)
