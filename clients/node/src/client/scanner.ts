// The focus of a scanner: an exclusive claim on it, and what it reads.
import { randomUUID } from 'node:crypto';

import type { Scan__Output } from '../gen/tillhal/v1/Scan.js';
import { isRefusal } from './till.js';
import type { Till } from './till.js';
import { backOff, isResumable } from './watch.js';

/** For how long the scanner is asked for while another front end has it, in seconds. */
const CLAIM_WAIT_S = 5;
/** What the call gets beyond that, in milliseconds. */
const CLAIM_CALL_MS = 10_000;

/**
 * What `deviceId` reads (empty: the only scanner), each code once, until `signal` is aborted.
 *
 * Asking for the next scan acknowledges the one before. A lost connection is taken up again, and
 * after a restart of the till, which forgets claims, the scanner is claimed anew. When somebody
 * else asks for the scanner it is given away, and the scans end. Throws a refusal such as
 * DEVICE_NOT_FOUND, CLAIMED (another front end has it), or CLAIM_LOST (it was taken by force).
 */
export async function* scans(
  till: Till,
  deviceId: string,
  purpose: string,
  signal: AbortSignal,
): AsyncGenerator<Scan__Output, void, undefined> {
  let leaseId = await claim(till, deviceId, purpose);
  let cursor = '0';
  const lease = (): { device_id: string; lease_id: string } => ({ device_id: deviceId, lease_id: leaseId });
  try {
    for (let losses = 0; !signal.aborted; losses += 1) {
      try {
        leaseId ||= await claim(till, deviceId, purpose);
        const request = { ...lease(), cursor };
        for await (const message of till.stream('ScannerService', 'WatchScans', request, signal)) {
          losses = 0;
          if (message.item === 'release_requested') return;
          if (message.item !== 'scan' || !message.scan || BigInt(message.cursor) <= BigInt(cursor)) continue;
          cursor = message.cursor;
          yield message.scan;
          // It is dealt with. If this is lost it comes again, and the cursor says that it was seen.
          await till.ask('ScannerService', 'AcknowledgeScan', { ...lease(), cursor }).catch(() => undefined);
        }
      } catch (error) {
        // Right after a lost connection, a claim that is gone went with the daemon.
        if (isRefusal(error, 'CLAIM_LOST') && losses) leaseId = '';
        else if (!isResumable(error)) throw error;
      }
      await backOff(losses, signal);
    }
  } finally {
    await till.ask('DeviceService', 'ReleaseClaim', lease()).catch(() => undefined);
  }
}

async function claim(till: Till, deviceId: string, purpose: string): Promise<string> {
  const request = {
    request_id: randomUUID(), // not in the notebook: a claim ends with the daemon anyhow
    device_id: deviceId,
    mode: 'CLAIM_MODE_EXCLUSIVE' as const,
    purpose,
    wait_s: CLAIM_WAIT_S,
  };
  const timeoutMs = CLAIM_WAIT_S * 1000 + CLAIM_CALL_MS;
  const { lease } = await till.ask('DeviceService', 'Claim', request, { timeoutMs });
  return lease?.lease_id ?? '';
}
