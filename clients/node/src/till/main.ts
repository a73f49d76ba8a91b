#!/usr/bin/env node
// A small till in a terminal: an example of a front end, and a test of the contract.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { follow, Notebook, scans, Till, TillError } from '../client/index.js';
import type { Options, Tls } from '../client/index.js';
import { Articles } from './articles.js';
import { Cashier } from './cashier.js';
import type { Desk } from './counter.js';
import type { Arrival } from './inbox.js';
import { Inbox } from './inbox.js';
import { wordsOf } from './words.js';

const ARTICLES = fileURLToPath(new URL('../../articles.json', import.meta.url));

async function main(): Promise<void> {
  const { values: given } = parseArgs({
    options: {
      address: { type: 'string' },
      language: { type: 'string', default: 'en' },
      notebook: { type: 'string', default: 'notebook.json' },
      articles: { type: 'string', default: ARTICLES },
      scanner: { type: 'string' },
      'tls-ca': { type: 'string' },
      'tls-certificate': { type: 'string' },
      'tls-key': { type: 'string' },
    },
  });
  const words = wordsOf(given.language);
  const inbox = new Inbox();
  const terminal = createInterface({ input: process.stdin, terminal: false });
  const isTyped = process.stdin.isTTY === true;
  const say = (text: string): void => void process.stdout.write(`${text}\n`);

  const options: Options = {
    language: given.language,
    notebook: new Notebook(given.notebook),
    onDoubt: () => say(words.doubt),
  };
  if (given.address) options.address = given.address;
  if (given['tls-ca']) options.tls = tlsOf(given['tls-ca'], given['tls-certificate'], given['tls-key']);
  const till = new Till(options);
  const over = new AbortController();
  const end = (): void => {
    terminal.close();
    process.stdin.destroy();
    till.close();
  };

  // Typed (or piped) lines wait where there are too many: the pipe is not read any further then.
  void (async () => {
    for await (const text of terminal) await inbox.put({ kind: 'line', text: text.trim() });
    await inbox.put({ kind: 'end' });
  })();

  const ask = async (question: string): Promise<string> => {
    say(question);
    return inbox.answer();
  };
  const askSecret = async (question: string): Promise<string> => {
    const echo = (flag: string): void =>
      void (isTyped && spawnSync('stty', [flag], { stdio: 'inherit' }));
    echo('-echo');
    try {
      return await ask(question);
    } finally {
      echo('echo');
    }
  };
  const desk: Desk = {
    till,
    currency: '',
    language: given.language,
    articles: new Articles(),
    words,
    say,
    ask,
    askSecret,
  };
  const cashier = new Cashier(desk);
  if (!(await cashier.signOn())) return end();
  const status = await till.ask('SystemService', 'GetStatus', {});
  desk.currency = status.currency_code;
  desk.articles.read(given.articles, status.currency_code);
  say(words.ready(status.workstation_id, status.currency_code));
  await cashier.begin();

  const feed = async (source: AsyncIterable<Arrival>): Promise<void> => {
    for await (const arrival of source) await inbox.put(arrival);
  };
  const lost = (sentence: string) => (error: unknown) => {
    if (!(error instanceof TillError)) throw error;
    say(`${sentence} ${error.cashierMessage}`);
  };
  const { head_seq: head } = await till.ask('JournalService', 'GetStatus', {});
  const feeds = [feed(events(till, head, over.signal)).catch(lost(words.noNews))];
  if (given.scanner !== undefined) {
    feeds.push(feed(read(till, given.scanner, over.signal)).catch(lost(words.noScanner)));
  }

  for (;;) {
    if (isTyped) process.stdout.write('> ');
    const arrival = await inbox.take();
    if (arrival.kind === 'end') break;
    if (!(await cashier.take(arrival))) break;
  }
  over.abort();
  await Promise.all(feeds);
  end();
}

async function* events(till: Till, cursor: string, signal: AbortSignal): AsyncGenerator<Arrival> {
  for await (const event of follow(till, cursor, signal)) yield { kind: 'event', event };
}

async function* read(till: Till, deviceId: string, signal: AbortSignal): AsyncGenerator<Arrival> {
  for await (const scan of scans(till, deviceId, 'the counter', signal)) yield { kind: 'scan', scan };
}

function tlsOf(ca: string, certificate?: string, key?: string): Tls {
  const tls: Tls = { ca: readFileSync(ca) };
  if (certificate && key) {
    tls.certificate = readFileSync(certificate);
    tls.key = readFileSync(key);
  }
  return tls;
}

await main();
