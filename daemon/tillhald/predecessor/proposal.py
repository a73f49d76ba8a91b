"""The predecessor's settings as a proposal for till.toml. The technician takes over what fits."""

from __future__ import annotations

import json

from tillhald.predecessor.records import OldManifest, OldSettings


def proposed_config(manifest: OldManifest, settings: OldSettings | None) -> str:
    """The tables of a till.toml that the predecessor's settings say something about."""
    kept = settings or OldSettings()
    shop = [("currency", manifest.currency)]
    lines = [
        f"# Proposed from {_one_line(manifest.product)} {_one_line(manifest.product_version)}.",
        "# Nothing of this is in force: copy what fits into till.toml.",
        "[shop]",
    ]
    if manifest.time_zone:
        shop.append(("time_zone", manifest.time_zone))
    if kept.language:
        shop.append(("language", kept.language))
    lines += [f"{name} = {_quoted(value)}" for name, value in shop]
    if kept.prices_include_tax is not None:
        lines.append(f"prices_include_tax = {str(kept.prices_include_tax).lower()}")
    if kept.cash_rounding_minor > 1:
        lines.append(f"cash_rounding = {{ increment_minor = {kept.cash_rounding_minor} }}")
    if kept.header or kept.footer:
        lines.append("[receipt]")
        for name, texts in (("header", kept.header), ("footer", kept.footer)):
            if texts:
                lines.append(f"{name} = [{', '.join(map(_quoted, texts))}]")
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    # What is printable is written the same way in JSON and in TOML.
    return json.dumps(text, ensure_ascii=False)


def _one_line(text: str) -> str:
    return text if text.isprintable() else ""
