// Amounts as people write them, and as the contract has them: whole minor units. Never a float.

import type { Money__Output } from '../gen/tillhal/v1/Money.js';

// ISO 4217 (list one, "minor unit"), by the digits behind the point; all others have two.
const DIGITS: Record<string, number> = {};
for (const [digits, currencies] of [
  [0, 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF'],
  [3, 'BHD IQD JOD KWD LYD OMR TND'],
  [4, 'CLF UYW'],
] as const) {
  for (const currency of currencies.split(' ')) DIGITS[currency] = digits;
}
const DIGITS_DEFAULT = 2;
const MINOR_UNITS_MAX = 2n ** 63n - 1n;

/** "12.5" of a currency with two digits is 1250n. Throws RangeError for what is no such amount. */
export function toMinor(text: string, currency: string): bigint {
  const digits = DIGITS[currency] ?? DIGITS_DEFAULT;
  const parts = /^(-?)([0-9]{1,18})(?:\.([0-9]{1,4}))?$/.exec(text.trim());
  const fraction = parts?.[3] ?? '';
  if (parts === null || fraction.length > digits) {
    throw new RangeError(`${text} is no amount in ${currency}, with at most ${digits} decimals`);
  }
  const minor = BigInt(`${parts[2]}${fraction.padEnd(digits, '0')}`);
  if (minor > MINOR_UNITS_MAX) throw new RangeError(`${text} is too much`);
  return parts[1] ? -minor : minor;
}

/** 1250n in a currency with two digits is "12.50". */
export function toText(minor: bigint, currency: string): string {
  const digits = DIGITS[currency] ?? DIGITS_DEFAULT;
  const plain = (minor < 0n ? -minor : minor).toString().padStart(digits + 1, '0');
  const whole = plain.slice(0, plain.length - digits);
  const text = digits ? `${whole}.${plain.slice(-digits)}` : plain;
  return minor < 0n ? `-${text}` : text;
}

/** The contract's Money. */
export function money(minor: bigint, currency: string): { currency_code: string; minor_units: string } {
  return { currency_code: currency, minor_units: minor.toString() };
}

/** What the contract's Money holds; nothing where it was not sent. */
export function minorOf(amount: Money__Output | null | undefined): bigint {
  return BigInt(amount?.minor_units ?? 0);
}
