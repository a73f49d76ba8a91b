// Streams that go on by themselves after a lost connection, without loss and without doubling.
import { setTimeout as pause } from 'node:timers/promises';

import { status as Code } from '@grpc/grpc-js';

import type { WatchEventsResponse__Output } from '../gen/tillhal/v1/WatchEventsResponse.js';
import { Overloaded, TillError, Unreachable } from './errors.js';
import type { Till } from './till.js';

const BACKOFF_MS_MIN = 100;
/** A till restarts in a second or two; a screen that waits much longer looks broken. */
const BACKOFF_MS_MAX = 2_000;
/** Words about the stream: they have a cursor, and are no events of that record. */
const STREAM_WORDS = new Set(['caught_up', 'draining']);

/** Waits after that many losses in a row: doubling, bounded, with jitter. */
export async function backOff(losses: number, signal: AbortSignal): Promise<void> {
  const bound = Math.min(BACKOFF_MS_MAX, BACKOFF_MS_MIN * 2 ** Math.min(losses, 16));
  const ms = bound / 2 + (Math.random() * bound) / 2;
  await pause(ms, undefined, { signal }).catch(() => undefined); // aborted: there is no need to wait
}

/** Whether a stream that ended with `error` may be taken up again by itself. */
export function isResumable(error: unknown): boolean {
  if (error instanceof Unreachable || error instanceof Overloaded) return true;
  // Also a journal that cannot be written just now: the till will come back.
  return error instanceof TillError && error.told.code === Code.UNAVAILABLE;
}

/**
 * Everything that happens after the record `cursor` ("0" for all), until `signal` is aborted.
 *
 * One record may become several events with the same cursor, and the connection may break between
 * them. So the stream is taken up one record earlier, and as many events of the last cursor are
 * passed over as have been seen. Throws what waiting does not mend (CURSOR_AHEAD, …).
 */
export async function* follow(
  till: Till,
  cursor: string,
  signal: AbortSignal,
): AsyncGenerator<WatchEventsResponse__Output, void, undefined> {
  let place = BigInt(cursor);
  let seen = 0;
  for (let losses = 0; !signal.aborted; losses += 1) {
    let passOver = seen;
    const request = { cursor: (seen ? place - 1n : place).toString() };
    try {
      for await (const event of till.stream('SystemService', 'WatchEvents', request, signal)) {
        losses = 0;
        const at = BigInt(event.cursor);
        if (STREAM_WORDS.has(event.event ?? '')) {
          if (at > place) [place, seen, passOver] = [at, 0, 0];
          yield event;
          continue;
        }
        if (at > place) [place, seen, passOver] = [at, 1, 0];
        else if (at < place || !seen) continue;
        else if (passOver) {
          passOver -= 1;
          continue;
        } else seen += 1;
        yield event;
      }
    } catch (error) {
      if (!isResumable(error)) throw error;
    }
    await backOff(losses, signal);
  }
}
