// What a cashier types, scans and is told, one thing after the other.
import type { Scan__Output } from '../gen/tillhal/v1/Scan.js';
import type { WatchEventsResponse__Output } from '../gen/tillhal/v1/WatchEventsResponse.js';
import { OutcomeUnknown, StorageError, TillError, Unreachable } from '../client/index.js';
import { wantedOf } from './articles.js';
import { Books } from './books.js';
import type { Desk } from './counter.js';
import { CannotDo, Counter } from './counter.js';
import type { Arrival } from './inbox.js';

type Command = (rest: string) => Promise<void> | void;

export class Cashier {
  private readonly counter: Counter;
  private readonly books: Books;
  private readonly commands: Record<string, Command>;

  constructor(private readonly desk: Desk) {
    const counter = new Counter(desk);
    const books = new Books(desk);
    this.counter = counter;
    this.books = books;
    this.commands = {
      help: () => desk.say(desk.words.help),
      total: () => counter.total(),
      drop: (code) => counter.drop(code),
      cash: (amount) => counter.cash(amount),
      card: () => counter.card(),
      hold: (note) => counter.hold(note),
      held: () => counter.listHeld(),
      take: (n) => counter.take(n),
      cancel: () => counter.cancel(),
      void: (rest) => counter.void(...firstOf(rest)),
      copy: (receipt) => counter.copy(receipt),
      open: (float) => books.open(float),
      lock: () => books.lock(),
      unlock: () => books.unlock(),
      move: (rest) => books.move(...firstOf(rest)),
      end: () => books.end(),
      count: (amount) => books.count(amount),
      handover: (name) => books.handOver(name),
      close: () => books.close(),
      x: () => books.x(),
      closeday: () => books.closeDay(),
      z: (number) => books.z(number),
      off: () => this.signOff(),
      ask: () => undefined, // whatever has no answer yet is asked before every command
    };
  }

  /** Takes up what the last life of this program has left. */
  async begin(): Promise<void> {
    await this.guarded(async () => {
      await this.counter.lookAgain();
      if (!this.counter.isEmpty) this.counter.total();
    });
  }

  /** Returns once somebody is signed on, or at once where nobody need be; false where nobody is left. */
  async signOn(): Promise<boolean> {
    const { till, words, say, ask, askSecret } = this.desk;
    const caller = await till.ask('AccessService', 'GetCaller', {});
    while (caller.required) {
      const name = await ask(words.signOn);
      if (!name) return false;
      const pin = await askSecret(words.pin);
      try {
        await till.signOn(name, pin);
        say(words.welcome(name));
        return true;
      } catch (error) {
        if (!(error instanceof TillError)) throw error;
        say(`! ${error.cashierMessage || error.message} [${error.reason}]`);
      }
    }
    return true;
  }

  private async signOff(): Promise<void> {
    await this.desk.till.signOff();
    if (!(await this.signOn())) throw new CannotDo(this.desk.words.signOn);
  }

  /** Deals with it; false where there is nothing more to do. */
  async take(arrival: Arrival): Promise<boolean> {
    switch (arrival.kind) {
      case 'line':
        if (arrival.text === 'quit') return false;
        if (arrival.text) await this.guarded(() => this.typed(arrival.text));
        break;
      case 'scan':
        await this.guarded(() => this.scanned(arrival.scan));
        break;
      case 'event':
        await this.guarded(() => this.told(arrival.event));
        break;
      case 'end':
        return false;
    }
    return true;
  }

  private async typed(text: string): Promise<void> {
    const [word, rest] = firstOf(text);
    const command = Object.hasOwn(this.commands, word) ? this.commands[word] : undefined;
    if (command !== undefined) return command(rest);
    const wanted = wantedOf(text);
    if (wanted === null) return this.desk.say(this.desk.words.notUnderstood(text));
    return this.sell(wanted.code, wanted.quantity, false);
  }

  private async scanned(scan: Scan__Output): Promise<void> {
    if (scan.corruption !== 'SCAN_CORRUPTION_UNSPECIFIED') return this.desk.say(this.desk.words.badScan);
    // A customer's payment code is a secret: it is neither shown nor looked up.
    if (scan.kind === 'SCAN_KIND_PAYMENT') return this.desk.say(this.desk.words.noArticle('●●●'));
    return this.sell(scan.gtin14 || scan.text, 1, true);
  }

  private async sell(code: string, quantity: number, isScanned: boolean): Promise<void> {
    const article = this.desk.articles.find(code);
    if (article === undefined) return this.desk.say(this.desk.words.noArticle(code));
    return this.counter.add(article, quantity, isScanned);
  }

  private async told({ event, started, job_changed: job }: WatchEventsResponse__Output): Promise<void> {
    const { words, say } = this.desk;
    if (event === 'started' && started) {
      say(words.restarted);
      await this.counter.lookAgain();
    } else if (event === 'job_changed' && job?.state === 'JOB_STATE_HELD') {
      say(words.jobHeld(job.reason));
    } else if (event === 'job_changed' && job?.state === 'JOB_STATE_UNCONFIRMED') {
      say(words.jobInDoubt);
    }
  }

  /** Whatever is in doubt is cleared up first; a refusal is a sentence and not the end. */
  private async guarded(deal: () => Promise<void> | void): Promise<void> {
    const { till, words, say } = this.desk;
    try {
      if (till.notebook.pending !== null) {
        const settled = await till.settle();
        say(words.settled);
        if (settled?.service === 'CheckoutService') this.counter.settled(settled);
        else if (settled) this.books.settled(settled);
      }
      await deal();
    } catch (error) {
      if (error instanceof OutcomeUnknown || error instanceof StorageError) say(words.stillDoubt);
      else if (error instanceof Unreachable) say(words.unreachable);
      else if (error instanceof TillError) say(`! ${error.cashierMessage || error.message} [${error.reason}]`);
      else if (error instanceof CannotDo || error instanceof RangeError) say(`! ${error.message}`);
      else throw error;
    }
  }
}

function firstOf(text: string): [string, string] {
  const [word = '', ...rest] = text.split(/\s+/);
  return [word, rest.join(' ')];
}
