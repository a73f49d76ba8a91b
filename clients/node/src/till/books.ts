// Shifts and the business day: opening, counting, handing over, closing.
import { randomUUID } from 'node:crypto';

import type { DayReport__Output } from '../gen/tillhal/v1/DayReport.js';
import type { MovementKind } from '../gen/tillhal/v1/MovementKind.js';
import type { Shift__Output } from '../gen/tillhal/v1/Shift.js';
import type { Total__Output } from '../gen/tillhal/v1/Total.js';
import type { Settled } from '../client/index.js';
import { isRefusal, money, toMinor, toText } from '../client/index.js';
import { approved } from './approval.js';
import type { Desk } from './counter.js';
import { CannotDo } from './counter.js';

export class Books {
  constructor(private readonly desk: Desk) {}

  /** Opens the day, if none is open, and a shift with what was counted into the drawer. */
  async open(float: string): Promise<void> {
    const { till } = this.desk;
    const opening = this.amount(float || '0');
    if (!(await this.isDayOpen())) await till.change('ShiftService', 'OpenDay', {});
    const answer = await till.change('ShiftService', 'OpenShift', { opening_float: opening });
    this.tell(answer.shift);
  }

  async lock(): Promise<void> {
    this.tell((await this.desk.till.change('ShiftService', 'LockShift', await this.head())).shift);
  }

  async unlock(): Promise<void> {
    this.tell((await this.desk.till.change('ShiftService', 'UnlockShift', await this.head())).shift);
  }

  /** Cash in or out that is no sale: "move paid_out 12.50 window cleaner". */
  async move(kind: string, rest: string): Promise<void> {
    const [amount = '', ...reason] = rest.split(' ');
    const content = {
      ...(await this.head()),
      movement_id: randomUUID(),
      kind: `MOVEMENT_KIND_${kind.toUpperCase()}` as MovementKind,
      amount: this.amount(amount),
      reason: reason.join(' '),
    };
    await approved(this.desk, (approval) =>
      this.desk.till.change('ShiftService', 'RecordMovement', content, approval),
    );
    this.desk.say(this.desk.words.moved(kind, this.text(content.amount)));
  }

  async end(): Promise<void> {
    this.tell((await this.desk.till.change('ShiftService', 'EndShift', await this.head())).shift);
  }

  /** Whoever counts is not told what was expected: not here, and not by the till. */
  async count(amount: string): Promise<void> {
    const content = { ...(await this.head()), counted: this.amount(amount) };
    const answer = await this.desk.till.change('ShiftService', 'DeclareCount', content);
    this.desk.say(this.desk.words.counted(this.text(answer.shift?.counted)));
  }

  async handOver(operator: string): Promise<void> {
    const content = { ...(await this.head()), operator };
    const answer = await approved(this.desk, (approval) =>
      this.desk.till.change('ShiftService', 'HandOver', content, approval),
    );
    this.tell(answer.closed);
    this.tell(answer.opened);
  }

  async close(): Promise<void> {
    const content = await this.head();
    const answer = await approved(this.desk, (approval) =>
      this.desk.till.change('ShiftService', 'CloseShift', content, approval),
    );
    this.tell(answer.shift);
  }

  async closeDay(): Promise<void> {
    const { till } = this.desk;
    const { day } = await till.ask('ShiftService', 'GetDay', {});
    const content = { day_number: day?.day_number ?? '0' };
    const answer = await approved(this.desk, (approval) =>
      till.change('ShiftService', 'CloseDay', content, approval),
    );
    this.report(answer.z);
  }

  async x(): Promise<void> {
    const answer = await approved(this.desk, (approval) =>
      this.desk.till.ask('ShiftService', 'GetXReport', {}, { approval }),
    );
    this.report(answer.report);
  }

  async z(number: string): Promise<void> {
    const request = { z_number: number || '0' };
    const answer = await approved(this.desk, (approval) =>
      this.desk.till.ask('ShiftService', 'GetZReport', request, { approval }),
    );
    this.report(answer.report);
  }

  /** An answer to a request of an earlier life of this program. */
  settled({ answer }: Settled): void {
    const { shift, closed, opened, z } = answer as Partial<
      Record<'shift' | 'closed' | 'opened', Shift__Output> & { z: DayReport__Output }
    >;
    for (const each of [shift, closed, opened]) if (each) this.tell(each);
    if (z) this.report(z);
  }

  private async isDayOpen(): Promise<boolean> {
    try {
      await this.desk.till.ask('ShiftService', 'GetDay', {});
      return true;
    } catch (error) {
      if (isRefusal(error, 'DAY_NOT_FOUND')) return false;
      throw error;
    }
  }

  private async head(): Promise<{ shift_id: string; expected_version: string }> {
    try {
      const { shift } = await this.desk.till.ask('ShiftService', 'GetShift', {});
      return { shift_id: shift?.shift_id ?? '', expected_version: shift?.version ?? '0' };
    } catch (error) {
      if (isRefusal(error, 'SHIFT_NOT_FOUND')) throw new CannotDo(this.desk.words.noShift);
      throw error;
    }
  }

  private tell(shift: Shift__Output | null | undefined): void {
    if (!shift) return;
    const { words, say } = this.desk;
    const state = shift.state.replace('SHIFT_STATE_', '');
    if (state === 'CLOSED') {
      const { cash, left, over_short: difference } = shift;
      say(
        words.closedShift(
          shift.shift_id, this.text(cash?.expected), this.text(left), this.text(difference),
        ),
      );
    } else say(words.shift(shift.shift_id, shift.operator, words.states[state] ?? state));
  }

  private report(report: DayReport__Output | null): void {
    if (!report) return;
    const { words, say } = this.desk;
    const { totals } = report;
    say(words.report(report.z_number === '0' ? 'X' : `Z ${report.z_number}`, report.business_day));
    const line = (name: string, total: Total__Output | null | undefined): void => {
      if (total) say(words.total(name, total.count, this.text(total.amount)));
    };
    line(words.sales, totals?.sales);
    line(words.returns, totals?.returns);
    line(words.voids, totals?.voids);
    for (const tender of totals?.tenders ?? []) line(tender.name, tender);
    line(words.change, totals?.change);
    for (const { shift_id: id, cash, left, over_short: difference } of report.shifts) {
      say(`  ${words.closedShift(id, this.text(cash?.expected), this.text(left), this.text(difference))}`);
    }
  }

  private amount(typed: string): ReturnType<typeof money> {
    return money(toMinor(typed, this.desk.currency), this.desk.currency);
  }

  private text(amount: { minor_units: string } | null | undefined): string {
    return toText(BigInt(amount?.minor_units ?? 0), this.desk.currency);
  }
}

