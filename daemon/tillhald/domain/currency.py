"""ISO 4217: how many digits a currency keeps behind the point, and how amounts are written."""

from __future__ import annotations

from tillhald.domain.amounts import Quantity

_DIGITS = {
    **dict.fromkeys(
        "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(), 0
    ),
    **dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3),
    **dict.fromkeys("CLF UYW".split(), 4),
}
_TWO = frozenset(
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD "
    "CAD CDF CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD "
    "GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD "
    "MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP "
    "PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS "
    "TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG".split()
)


def digits_of(currency: str) -> int:
    """Raises KeyError for a code that ISO 4217 does not know."""
    return 2 if currency in _TWO else _DIGITS[currency]


def is_currency(code: str) -> bool:
    return code in _TWO or code in _DIGITS


def written(amount_minor: int, currency: str) -> str:
    """ "-7.50" for -750 EUR, "100" for 100 JPY."""
    return decimal(amount_minor, digits_of(currency))


def decimal(unscaled: int, scale: int) -> str:
    sign = "-" if unscaled < 0 else ""
    digits = str(abs(unscaled)).rjust(scale + 1, "0")
    return f"{sign}{digits[:-scale]}.{digits[-scale:]}" if scale else f"{sign}{digits}"


def shortest(quantity: Quantity) -> str:
    """ "1.25" for 1.250, "13" for 13.0."""
    text = decimal(quantity.unscaled, quantity.scale)
    return text.rstrip("0").rstrip(".") if "." in text else text
