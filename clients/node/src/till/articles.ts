// The shop's articles. Prices are the front end's business: the till records what it is told.
import { readFileSync } from 'node:fs';

import { toMinor } from '../client/index.js';

export interface Article {
  code: string;
  en: string;
  zh: string;
  /** Of one, in minor units. */
  price: bigint;
  tax: string;
  taxPercent: number;
}

/** What a cashier may put before an article's code: "3*7" is three of article 7. */
export const QUANTITY_MAX = 999;
const TYPED = /^(?:([0-9]{1,3})\*)?([0-9A-Za-z.-]{1,48})$/;

export interface Wanted {
  quantity: number;
  code: string;
}

/** "3*4006381333931" or "7"; null for what cannot be an article's code. */
export function wantedOf(text: string): Wanted | null {
  const parts = TYPED.exec(text);
  const quantity = Number(parts?.[1] ?? 1);
  if (!parts?.[2] || quantity < 1 || quantity > QUANTITY_MAX) return null;
  return { quantity, code: parts[2] };
}

export class Articles {
  private readonly byCode = new Map<string, Article>();

  /** Reads a JSON list of {code, en, zh, price, tax, tax_percent}. Throws for anything else. */
  read(path: string, currency: string): void {
    const list = JSON.parse(readFileSync(path, 'utf8')) as Record<string, string | number>[];
    for (const item of list) {
      this.byCode.set(withoutZeros(String(item['code'])), {
        code: String(item['code']),
        en: String(item['en']),
        zh: String(item['zh']),
        price: toMinor(String(item['price']), currency),
        tax: String(item['tax'] ?? ''),
        taxPercent: Number(item['tax_percent'] ?? 0),
      });
    }
  }

  /** By its number, however many zeros a scanner puts before it: 14 digits say the same as 13. */
  find(code: string): Article | undefined {
    return this.byCode.get(withoutZeros(code));
  }
}

function withoutZeros(code: string): string {
  return code.replace(/^0+(?=[0-9])/, '');
}
