// What comes to the counter, one thing after the other: what is typed, what is scanned, what the
// till tells. Nothing that comes while something is under way is lost.
import type { Scan__Output } from '../gen/tillhal/v1/Scan.js';
import type { WatchEventsResponse__Output } from '../gen/tillhal/v1/WatchEventsResponse.js';

/** Whoever types (or pipes) faster than the till answers waits at this length. */
export const INBOX_MAX = 100;

export type Arrival =
  | { kind: 'line'; text: string }
  | { kind: 'scan'; scan: Scan__Output }
  | { kind: 'event'; event: WatchEventsResponse__Output }
  | { kind: 'end' };

export class Inbox {
  private readonly arrivals: Arrival[] = [];
  /** What came while an answer was waited for. */
  private readonly aside: Arrival[] = [];
  private waiting: ((arrival: Arrival) => void) | undefined;
  private readonly blocked: (() => void)[] = [];

  /** Resolves once there is room for the next one. */
  async put(arrival: Arrival): Promise<void> {
    const { waiting } = this;
    if (waiting !== undefined) {
      this.waiting = undefined;
      waiting(arrival);
      return;
    }
    this.arrivals.push(arrival);
    if (this.arrivals.length + this.aside.length >= INBOX_MAX) {
      await new Promise<void>((go) => this.blocked.push(go));
    }
  }

  /** The next one, waited for as long as it takes. */
  async take(): Promise<Arrival> {
    const first = this.arrivals.shift();
    if (first !== undefined) {
      if (this.arrivals.length < INBOX_MAX) this.blocked.shift()?.();
      return first;
    }
    return new Promise((resolve) => {
      this.waiting = resolve;
    });
  }

  /** The next typed line, for an answer to a question; what else comes stays for later. */
  async answer(): Promise<string> {
    for (;;) {
      const arrival = await this.take();
      if (arrival.kind === 'line' || arrival.kind === 'end') {
        if (arrival.kind === 'end') this.aside.push(arrival);
        this.arrivals.unshift(...this.aside.splice(0));
        return arrival.kind === 'line' ? arrival.text : '';
      }
      this.aside.push(arrival);
    }
  }
}
