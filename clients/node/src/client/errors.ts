// What can go wrong, by what a front end does about it.
//
//   TillError
//     Refused         the shop's rules say no; nothing has happened
//     DeviceError     a printer, drawer or scanner says no
//     Overloaded      too much at once; `retryAfterMs` says when to come again
//     StorageError    the journal could not be written or read; it may or may not be stored
//     Unreachable     the till did not answer, and nothing depends on it (or it is shutting down)
//     OutcomeUnknown  a change was sent and no answer came: send the same request again
//
// Within a class the stable word is `reason` (docs/reference/reasons.md): compare that, show
// `cashierMessage`, log `message`.
import type { ServiceError } from '@grpc/grpc-js';
import { status as Code } from '@grpc/grpc-js';
import {
  BadRequest,
  ErrorInfo,
  LocalizedMessage,
  RetryInfo,
} from 'nice-grpc-error-details';
import { Status } from 'nice-grpc-error-details/lib/proto/google/rpc/status.js';

import type { DeviceErrorDetail__Output } from '../gen/tillhal/v1/DeviceErrorDetail.js';
import { decode } from './protocol.js';

const DOMAIN = 'tillhal';

/** All that the till said of a failure. */
export interface Told {
  /** The gRPC status. */
  code: Code;
  /** E.g. "VERSION_CONFLICT"; empty when none was given. */
  reason: string;
  /** The facts of the reason, by name. */
  metadata: Record<string, string>;
  /** A sentence for the cashier in the language chosen at connect; empty when none came. */
  cashierMessage: string;
  /** The wrong fields of the request, e.g. "lines[2].quantity". */
  fieldViolations: { field: string; description: string }[];
  /** After which it is worth trying again, in milliseconds. */
  retryAfterMs: number | undefined;
  /** What the device says that caused it. */
  device: DeviceErrorDetail__Output | undefined;
}

/** Anything that the till, or the way to it, answered instead of what was asked for. */
export class TillError extends Error {
  constructor(
    message: string,
    readonly told: Told,
  ) {
    super(message);
    this.name = new.target.name;
  }

  get reason(): string {
    return this.told.reason;
  }

  get cashierMessage(): string {
    return this.told.cashierMessage;
  }
}

/** The shop's rules say no. Nothing has happened. */
export class Refused extends TillError {}
/** A device says no; `told.device.retry_safety` says whether the deed may be repeated. */
export class DeviceError extends TillError {}
/** Too much at once. Nothing has happened. */
export class Overloaded extends TillError {}
/** The journal could not be written or read. The change may still have reached the disk. */
export class StorageError extends TillError {}
/** The till did not answer a question, or takes nothing new just now. Nothing was changed. */
export class Unreachable extends TillError {}
/** A change was sent, and no answer came: it may have happened, or not. */
export class OutcomeUnknown extends TillError {}

type Kind = new (message: string, told: Told) => TillError;

const BY_REASON: Record<string, Kind> = {
  SHUTTING_DOWN: Unreachable,
  STORAGE_FAILED: StorageError,
  JOURNAL_CORRUPT: StorageError,
};
const BY_CODE: Partial<Record<Code, Kind>> = {
  [Code.INVALID_ARGUMENT]: Refused,
  [Code.FAILED_PRECONDITION]: Refused,
  [Code.NOT_FOUND]: Refused,
  [Code.ALREADY_EXISTS]: Refused,
  [Code.ABORTED]: Refused,
  [Code.OUT_OF_RANGE]: Refused,
  [Code.PERMISSION_DENIED]: Refused,
  [Code.UNAUTHENTICATED]: Refused,
  [Code.UNIMPLEMENTED]: Refused,
  [Code.RESOURCE_EXHAUSTED]: Overloaded,
  [Code.DATA_LOSS]: StorageError,
  [Code.UNAVAILABLE]: Unreachable,
};
// What gRPC itself answers when the connection breaks or the time is over. The till explains all its
// errors, so such a status without an explanation says nothing of what became of the request.
const OF_TRANSPORT = new Set([
  Code.CANCELLED,
  Code.UNKNOWN,
  Code.DEADLINE_EXCEEDED,
  Code.UNAVAILABLE,
  Code.INTERNAL,
]);

/** What the till meant by gRPC's `error`; `changes` tells whether the request changes something. */
export function fromRpc(error: ServiceError, changes: boolean): TillError {
  const details = detailsOf(error);
  const info = find(details, 'google.rpc.ErrorInfo', ErrorInfo.decode);
  const retry = find(details, 'google.rpc.RetryInfo', RetryInfo.decode)?.retryDelay;
  const told: Told = {
    code: error.code,
    reason: info?.domain === DOMAIN ? info.reason : '',
    metadata: info?.metadata ?? {},
    cashierMessage:
      find(details, 'google.rpc.LocalizedMessage', LocalizedMessage.decode)?.message ?? '',
    fieldViolations: find(details, 'google.rpc.BadRequest', BadRequest.decode)?.fieldViolations ?? [],
    retryAfterMs: retry && Number(retry.seconds) * 1000 + retry.nanos / 1e6,
    device: find(
      details,
      'tillhal.v1.DeviceErrorDetail',
      (bytes) => decode('tillhal.v1.DeviceErrorDetail', bytes) as unknown as DeviceErrorDetail__Output,
    ),
  };
  const Kind = kindOf(told, changes);
  return new Kind(error.details || error.message, told);
}

function kindOf(told: Told, changes: boolean): Kind {
  const known = BY_REASON[told.reason];
  if (known !== undefined) return known;
  if (told.device !== undefined) return DeviceError;
  // A deadline that passed says nothing of the outcome, whoever reports it (types.proto).
  const unanswered = told.code === Code.DEADLINE_EXCEEDED || (!told.reason && OF_TRANSPORT.has(told.code));
  if (unanswered) return changes ? OutcomeUnknown : Unreachable;
  return BY_CODE[told.code] ?? TillError;
}

interface Packed {
  typeUrl: string;
  value: Uint8Array;
}

function detailsOf(error: ServiceError): Packed[] {
  const [bytes] = error.metadata?.get('grpc-status-details-bin') ?? [];
  if (!Buffer.isBuffer(bytes)) return [];
  try {
    return Status.decode(bytes).details;
  } catch {
    return []; // a proxy has changed it: the cashier shall see the till's error, not this one
  }
}

function find<Detail>(
  details: Packed[],
  typeName: string,
  read: (bytes: Uint8Array) => Detail,
): Detail | undefined {
  const packed = details.find((each) => each.typeUrl.split('/').pop() === typeName);
  if (packed === undefined) return undefined;
  try {
    return read(packed.value);
  } catch {
    return undefined;
  }
}
