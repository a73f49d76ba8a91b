// The counter: one sale at a time, told to the till step by step. What the till answers is what is.
import { randomUUID } from 'node:crypto';

import type { SaleSummary__Output } from '../gen/tillhal/v1/SaleSummary.js';
import type { Sale__Output } from '../gen/tillhal/v1/Sale.js';
import type { Method, RequestOf, Settled, Till } from '../client/index.js';
import { isRefusal, minorOf, money, toMinor, toText } from '../client/index.js';
import { approved } from './approval.js';
import type { Article, Articles } from './articles.js';
import type { Words } from './words.js';

/** Under which the notebook has the sale that is on the counter. */
const SALE_MARK = 'sale';

export interface Desk {
  till: Till;
  currency: string;
  language: string;
  articles: Articles;
  words: Words;
  say: (text: string) => void;
  ask: (question: string) => Promise<string>;
  /** The same for what nobody shall see. */
  askSecret: (question: string) => Promise<string>;
}

type Step = Exclude<Method<'CheckoutService'>, 'GetSale' | 'ListSales' | 'ListSuspended' | 'ReprintReceipt'>;
interface SaleAnswer {
  sale: SaleSummary__Output | null;
  replayed: boolean;
}

export class Counter {
  private sale: SaleSummary__Output | null = null;

  constructor(private readonly desk: Desk) {}

  get isEmpty(): boolean {
    return this.sale === null;
  }

  /** Finds the sale again that was on the counter when this program last stopped. */
  async lookAgain(): Promise<void> {
    const { till, words, say } = this.desk;
    const saleId = till.notebook.mark(SALE_MARK);
    this.sale = null;
    if (!saleId) return;
    const sale = await this.whole(saleId);
    if (sale?.summary?.state === 'SALE_STATE_INTERRUPTED') say(words.waits);
    if (sale?.summary) this.show(sale.summary);
  }

  /** An answer to a request of an earlier life of this program, or of a moment ago. */
  settled({ method, answer }: Settled): void {
    const { sale, replayed } = answer as Partial<SaleAnswer>;
    if (replayed) this.desk.say(this.desk.words.alreadyDone);
    if (sale && 'receipt_number' in sale) this.tell(method as Step, sale);
  }

  async add(article: Article, quantity: number, isScanned: boolean): Promise<void> {
    const { currency, language, words, say } = this.desk;
    if (this.sale === null) {
      const saleId = randomUUID();
      this.desk.till.notebook.setMark(SALE_MARK, saleId);
      await this.step('OpenSale', { sale_id: saleId, language });
    }
    const description = language.startsWith('zh') ? article.zh : article.en;
    const sale = await this.onSale('PutLine', {
      line: {
        line_id: randomUUID(),
        sku: article.code,
        description,
        quantity: { unscaled: quantity, scale: 0 },
        unit_price: money(article.price, currency),
        tax_code: article.tax,
        tax_percent: { unscaled: article.taxPercent, scale: 0 },
        entry_method: isScanned ? 'ENTRY_METHOD_SCANNED' : 'ENTRY_METHOD_KEYED',
      },
    });
    say(words.line(`${quantity} × ${description} ${toText(article.price, currency)}`, this.text(sale.payable)));
  }

  /** Takes the last line of this article out. */
  async drop(code: string): Promise<void> {
    const wanted = this.desk.articles.find(code)?.code ?? code;
    const sale = await this.whole(this.current().sale_id);
    const line = sale?.lines.findLast((each) => each.input?.sku === wanted)?.input;
    if (!line) return this.desk.say(this.desk.words.notALine(code));
    await this.onSale('RemoveLine', { line_id: line.line_id });
    return this.total();
  }

  total(): void {
    const sale = this.current();
    this.desk.say(
      this.desk.words.standsAt(sale.line_count, this.text(sale.payable), this.text(sale.due)),
    );
  }

  /** Cash over the counter; without an amount exactly what is due. */
  async cash(typed: string): Promise<void> {
    const due = minorOf(this.current().due);
    if (!typed && due <= 0n) return this.completeIfPaid(); // a restart came after the money
    const given = typed ? toMinor(typed, this.desk.currency) : due;
    await this.give('TENDER_TYPE_CASH', given, false);
    return this.completeIfPaid();
  }

  /**
   * What is due, by card. The tender is in the journal as PENDING before the terminal is asked, so
   * that no crash hides that a card may have been charged; a tender of an earlier try that nobody
   * knows the end of is asked about first.
   */
  async card(): Promise<void> {
    const { words, say, ask, currency } = this.desk;
    const unresolved = (await this.whole(this.current().sale_id))?.tenders.find(
      ({ state }) => state === 'TENDER_STATE_PENDING' || state === 'TENDER_STATE_UNKNOWN',
    );
    const amount = unresolved ? minorOf(unresolved.input?.amount) : minorOf(this.current().due);
    const tenderId =
      unresolved?.input?.tender_id ?? (await this.give('TENDER_TYPE_CREDIT_CARD', amount, true));
    const said = (await ask(words.terminal(toText(amount, currency)))).trim().toLowerCase();
    const outcome = (
      { y: 'TENDER_STATE_APPROVED', n: 'TENDER_STATE_DECLINED' } as const
    )[said] ?? 'TENDER_STATE_UNKNOWN';
    const isKnown = outcome !== 'TENDER_STATE_UNKNOWN';
    if (isKnown || unresolved?.state !== 'TENDER_STATE_UNKNOWN') {
      await this.onSale('ResolveTender', { tender_id: tenderId, outcome, evidence: 'terminal' });
    }
    if (!isKnown) return say(words.unknown);
    if (outcome === 'TENDER_STATE_DECLINED') say(words.declined);
    return this.completeIfPaid();
  }

  async hold(note: string): Promise<void> {
    await this.onSale('SuspendSale', { note });
  }

  async listHeld(): Promise<void> {
    const { words, say } = this.desk;
    const held = await this.held();
    if (!held.length) say(words.nothingHeld);
    held.forEach(({ sale, note }, index) => {
      const why = sale?.state === 'SALE_STATE_INTERRUPTED' ? words.interrupted : note;
      say(words.heldSale(index + 1, sale?.line_count ?? 0, this.text(sale?.payable ?? null), why));
    });
  }

  /** Takes up the n-th of those put aside, or interrupted. */
  async take(typed: string): Promise<void> {
    const { words, say, till } = this.desk;
    if (this.sale !== null) return say(words.notNow);
    const sale = (await this.held())[Number(typed || '1') - 1]?.sale;
    if (!sale) return say(words.nothingHeld);
    till.notebook.setMark(SALE_MARK, sale.sale_id);
    this.sale = sale;
    await this.onSale('ResumeSale', {});
    return undefined;
  }

  /** Gives back what was paid, and gives the sale up. */
  async cancel(): Promise<void> {
    const sale = await this.whole(this.current().sale_id);
    for (const { input, state } of sale?.tenders ?? []) {
      if (state !== 'TENDER_STATE_APPROVED' || !input) continue;
      await this.onSale('ReverseTender', { tender_id: input.tender_id, reason: 'cancelled' });
    }
    await this.onSale('CancelSale', { reason: 'cancelled at the counter' });
  }

  async void(receipt: string, reason: string): Promise<void> {
    const { till, words, say } = this.desk;
    if (this.sale !== null) return say(words.notNow);
    const { sale } = await till.ask('CheckoutService', 'GetSale', { receipt_number: receipt || '0' });
    const content = {
      sale_id: randomUUID(),
      original_sale_id: sale?.summary?.sale_id ?? '',
      reason,
    };
    await approved(this.desk, (approval) => this.step('VoidSale', content, approval));
    return undefined;
  }

  async copy(receipt: string): Promise<void> {
    const { till, words, say } = this.desk;
    const { sale } = await till.ask('CheckoutService', 'GetSale', { receipt_number: receipt || '0' });
    const answer = await till.change('CheckoutService', 'ReprintReceipt', {
      sale_id: sale?.summary?.sale_id ?? '',
      job_id: randomUUID(),
    });
    say(words.copy(receipt, answer.copy));
  }

  // One step

  private current(): SaleSummary__Output {
    if (this.sale === null) throw new CannotDo(this.desk.words.noSale);
    return this.sale;
  }

  private async onSale<M extends Step>(
    method: M,
    content: Omit<RequestOf<'CheckoutService', M>, 'request_id' | 'sale_id' | 'expected_version'>,
  ): Promise<SaleSummary__Output> {
    const { sale_id, version } = this.current();
    return this.step(method, { ...content, sale_id, expected_version: version } as never);
  }

  private async step<M extends Step>(
    method: M,
    content: Omit<RequestOf<'CheckoutService', M>, 'request_id'>,
    approval = '',
  ): Promise<SaleSummary__Output> {
    const { till, words, say } = this.desk;
    try {
      const answer = (await till.change('CheckoutService', method, content, approval)) as unknown as SaleAnswer;
      if (answer.replayed) say(words.alreadyDone);
      if (!answer.sale) throw new Error(`${method} answered without a sale`);
      this.tell(method, answer.sale);
      return answer.sale;
    } catch (error) {
      // Somebody else, or a restart of the till, has moved the sale on: see where it stands.
      if (isRefusal(error, 'SALE_STATE') || isRefusal(error, 'VERSION_CONFLICT')) await this.lookAgain();
      throw error;
    }
  }

  private tell(method: Step, sale: SaleSummary__Output): void {
    const { words, say, currency } = this.desk;
    this.show(sale);
    if (sale.receipt_number !== '0') {
      say(words.receipt(sale.receipt_number, this.text(sale.payable), this.text(sale.change)));
      const rounding = minorOf(sale.rounding_adjustment);
      if (rounding) say(words.rounded(toText(rounding, currency)));
    } else if (method === 'SuspendSale') say(words.held(sale.line_count, this.text(sale.payable)));
    else if (method === 'ResumeSale') say(words.taken(sale.line_count, this.text(sale.payable)));
    else if (method === 'CancelSale') say(words.cancelled);
  }

  private show(sale: SaleSummary__Output): void {
    const isOnCounter = sale.state === 'SALE_STATE_OPEN' || sale.state === 'SALE_STATE_TENDERING';
    this.sale = isOnCounter ? sale : null;
    if (!isOnCounter) this.desk.till.notebook.setMark(SALE_MARK, '');
  }

  private async give(
    type: 'TENDER_TYPE_CASH' | 'TENDER_TYPE_CREDIT_CARD',
    amount: bigint,
    pending: boolean,
  ): Promise<string> {
    const tenderId = randomUUID();
    await this.onSale('AddTender', {
      tender: { tender_id: tenderId, type, amount: money(amount, this.desk.currency) },
      pending,
    });
    return tenderId;
  }

  private async completeIfPaid(): Promise<void> {
    if (minorOf(this.current().due) > 0n) this.total();
    else await this.onSale('CompleteSale', {});
  }

  private async whole(saleId: string): Promise<Sale__Output | null> {
    try {
      return (await this.desk.till.ask('CheckoutService', 'GetSale', { sale_id: saleId })).sale;
    } catch (error) {
      if (isRefusal(error, 'SALE_NOT_FOUND')) return null; // it was marked, and never opened
      throw error;
    }
  }

  private async held(): Promise<{ sale: SaleSummary__Output | null; note: string }[]> {
    return (await this.desk.till.ask('CheckoutService', 'ListSuspended', {})).sales;
  }

  private text(amount: Parameters<typeof minorOf>[0]): string {
    return toText(minorOf(amount), this.desk.currency);
  }
}

/** Cannot be done as things stand; said to the cashier. */
export class CannotDo extends Error {}
