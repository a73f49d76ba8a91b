// The till, for a front end: questions, changes that are safe to repeat, and streams.
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';

import * as grpc from '@grpc/grpc-js';

import { targetOf } from './address.js';
import { fromRpc, OutcomeUnknown, Refused, StorageError, TillError, Unreachable } from './errors.js';
import type { Notebook, Pending } from './notebook.js';
import type { AnswerOf, Method, RequestOf, Rpc, Service } from './protocol.js';
import { rpcOf, serviceConfig } from './protocol.js';

/** Deadline of one attempt, in milliseconds. */
const CALL_MS = 10_000;
/** For how long a change is sent again and again before its caller is told that nobody knows. */
const PATIENCE_MS = 60_000;
const REPEAT_MS = 200;
const OPERATOR_KEY = 'tillhal-operator-token';
const APPROVER_KEY = 'tillhal-approver-token';
/** What says who may ask, and nothing of what was asked for. */
const ADMISSION = new Set([grpc.status.UNAUTHENTICATED, grpc.status.PERMISSION_DENIED]);
/** This client's version, and the contract that it was made for. */
const VERSION = '0.1.0';
const API = '1.0';
const ADVICE_KEY = 'tillhal-upgrade';
/** gRPC gives up retrying a request that is larger; its default is 256 KiB. */
const RETRY_BUFFER_BYTES = 8 * 1024 * 1024;

export interface Tls {
  /** The authority that signed the till's certificate, PEM. */
  ca: Buffer;
  /** The front end's own certificate and key, PEM; both or neither. */
  certificate?: Buffer;
  key?: Buffer;
}

export interface Options {
  /** "unix:///run/tillhal/api.sock" or "127.0.0.1:50051"; else $TILLHAL_ADDRESS, else the usual socket. */
  address?: string;
  /** Of the sentences for the cashier: "en" or "zh-CN". */
  language?: string;
  /** For a till that is not on this machine. */
  tls?: Tls;
  /** The front end's own, where the till wants one; else $TILLHAL_TOKEN. */
  token?: string;
  /** Where changes are kept until they are answered. */
  notebook: Notebook;
  /** Called when no answer came, and the same request goes out once more. */
  onDoubt?: (pending: Pending, error: TillError) => void;
}

/**
 * What the till says of this client's version, which it serves all the same: upgrade to `minimum` or
 * newer, until the end of the day `by` (YYYY-MM-DD), or now.
 */
export interface UpgradeAdvice {
  advice: 'upgrade-by' | 'upgrade-now';
  minimum: string;
  by: string | null;
}

/** An answer, and the RPC that gave it, where that is known only when the program runs. */
export interface Settled {
  service: string;
  method: string;
  answer: unknown;
}

export class Till {
  readonly notebook: Notebook;
  private readonly client: grpc.Client;
  private readonly metadata = new grpc.Metadata({ waitForReady: true });
  private readonly onDoubt: (pending: Pending, error: TillError) => void;
  private closed = false;
  private advice: UpgradeAdvice | null = null;

  /** Nothing is sent yet, and the till need not be up. Throws RangeError for an address that is none. */
  constructor(options: Options) {
    const target = targetOf(options.address);
    this.client = new grpc.Client(target, credentials(options), {
      'grpc.service_config': serviceConfig,
      'grpc.per_rpc_retry_buffer_size': RETRY_BUFFER_BYTES,
      'grpc.keepalive_time_ms': 20_000, // the till takes pings every 5 s and more
      'grpc.keepalive_timeout_ms': 10_000,
      'grpc.initial_reconnect_backoff_ms': 50,
      'grpc.max_reconnect_backoff_ms': 1_000,
      // Without it the authority of a unix socket is its path, which several servers refuse.
      ...(target.startsWith('unix:') ? { 'grpc.default_authority': 'localhost' } : {}),
    });
    this.metadata.set('tillhal-client', `node/${VERSION}; api=${API}`);
    if (options.language) this.metadata.set('accept-language', options.language);
    const token = options.token || process.env['TILLHAL_TOKEN'];
    if (token) this.metadata.set('authorization', `Bearer ${token}`);
    this.notebook = options.notebook;
    this.onDoubt = options.onDoubt ?? (() => undefined);
  }

  /**
   * Whoever it is works here from now on: the sign-on goes with every call, and stays in memory
   * alone. Throws SIGN_ON_REFUSED or SIGN_ON_BLOCKED. It has no request_id and is in no notebook.
   */
  async signOn(operator: string, pin: string): Promise<void> {
    const answer = await this.ask('ShiftService', 'SignOn', { operator, pin });
    this.metadata.set(OPERATOR_KEY, answer.operator_token);
  }

  /** Nobody works here any more. */
  async signOff(): Promise<void> {
    await this.ask('ShiftService', 'SignOff', {});
    this.metadata.remove(OPERATOR_KEY);
  }

  /** A second pair of eyes, for one request of whoever works here: hand it to `ask` or `change`. */
  async approval(operator: string, pin: string): Promise<string> {
    const request = { operator, pin, for_approval: true };
    return (await this.ask('ShiftService', 'SignOn', request)).operator_token;
  }

  /** What the till said, with its last answer, of this client's version; null for nothing. */
  get upgradeAdvice(): UpgradeAdvice | null {
    return this.advice;
  }

  /** Ends all calls. A change that has no answer yet stays in the notebook. */
  close(): void {
    this.closed = true;
    this.client.close();
  }

  /** Asks something, or does something that may be done twice. Throws TillError. */
  async ask<S extends Service, M extends Method<S>>(
    service: S,
    method: M,
    request: RequestOf<S, M>,
    { timeoutMs = CALL_MS, approval = '' } = {},
  ): Promise<AnswerOf<S, M>> {
    const rpc = rpcOf(service, method);
    const bytes = rpc.requestSerialize(request as object);
    return (await this.send(rpc, bytes, false, timeoutMs, approval)) as AnswerOf<S, M>;
  }

  /**
   * Changes something in the shop, once.
   *
   * The request gets its request_id and is in the notebook before it is sent; it is sent again, the
   * same bytes, until it is answered, also over restarts of the till. Throws Refused and the like
   * when the till says no; OutcomeUnknown or StorageError when its patience ends: then the request
   * stays in the notebook, and `settle` sends it again, after a restart of the front end, too.
   */
  async change<S extends Service, M extends Method<S>>(
    service: S,
    method: M,
    content: Omit<RequestOf<S, M>, 'request_id'>,
    approval = '',
  ): Promise<AnswerOf<S, M>> {
    const request = { ...content, request_id: randomUUID() };
    const bytes = rpcOf(service, method).requestSerialize(request).toString('base64');
    this.notebook.keep({ service, method, bytes });
    return (await this.deliver(false, approval))?.answer as AnswerOf<S, M>;
  }

  /** The answer to the change in the notebook, sent again until it comes; null without one. */
  settle(): Promise<Settled | null> {
    return this.deliver(true, '');
  }

  private async deliver(wasSent: boolean, approval: string): Promise<Settled | null> {
    const { pending } = this.notebook;
    if (pending === null) return null;
    const rpc = rpcOf(pending.service, pending.method);
    const bytes = Buffer.from(pending.bytes, 'base64');
    const until = Date.now() + PATIENCE_MS;
    for (let inDoubt = wasSent; ; ) {
      try {
        const answer = await this.send(rpc, bytes, true, CALL_MS, approval);
        this.notebook.answered();
        return { service: pending.service, method: pending.method, answer };
      } catch (error) {
        if (!(error instanceof TillError)) throw error;
        const unsure = error instanceof OutcomeUnknown || error instanceof StorageError;
        inDoubt ||= unsure;
        if (!unsure && !(error instanceof Unreachable)) {
          // The till said no, so nothing has happened. But who may not ask is not told whether it
          // happened when it was asked before: that stays in the notebook.
          if (!(inDoubt && ADMISSION.has(error.told.code))) this.notebook.answered();
          throw error;
        }
        if (this.closed || Date.now() > until) throw error;
        this.onDoubt(pending, error);
      }
      await pause(REPEAT_MS);
    }
  }

  /** A stream as it comes; it throws TillError where it breaks. See `follow` for one that resumes. */
  async *stream<S extends Service, M extends Method<S>>(
    service: S,
    method: M,
    request: RequestOf<S, M>,
    signal?: AbortSignal,
  ): AsyncGenerator<AnswerOf<S, M>, void, undefined> {
    const rpc = rpcOf(service, method);
    const call = this.client.makeServerStreamRequest(
      rpc.path,
      rpc.requestSerialize,
      rpc.responseDeserialize,
      request as object,
      this.metadata.clone(),
    );
    const cancel = (): void => call.cancel();
    signal?.addEventListener('abort', cancel);
    try {
      for await (const message of call) yield message as AnswerOf<S, M>;
    } catch (error) {
      if (!signal?.aborted) throw isServiceError(error) ? fromRpc(error, false) : error;
    } finally {
      signal?.removeEventListener('abort', cancel);
      call.cancel();
    }
  }

  private send(
    rpc: Rpc,
    bytes: Buffer,
    changes: boolean,
    timeoutMs: number,
    approval: string,
  ): Promise<object> {
    const metadata = this.metadata.clone();
    if (approval) metadata.set(APPROVER_KEY, approval);
    return new Promise((resolve, reject) => {
      const call = this.client.makeUnaryRequest(
        rpc.path,
        (already: Buffer) => already,
        rpc.responseDeserialize,
        bytes,
        metadata,
        { deadline: Date.now() + timeoutMs },
        (error, answer) => {
          if (error) reject(fromRpc(error, changes));
          else resolve(answer as object);
        },
      );
      call.on('status', (status: grpc.StatusObject) => {
        if (status.code === grpc.status.OK) {
          this.advice = adviceOf(status.metadata.get(ADVICE_KEY)[0]?.toString() ?? '');
        }
      });
    });
  }
}

/** Whether the till refused with this reason. */
export function isRefusal(error: unknown, reason: string): error is Refused {
  return error instanceof Refused && error.reason === reason;
}

function adviceOf(text: string): UpgradeAdvice | null {
  const [advice, ...facts] = text.split('; ');
  if (advice !== 'upgrade-by' && advice !== 'upgrade-now') return null;
  const said = new Map(facts.map((fact) => fact.split('=', 2) as [string, string]));
  return { advice, minimum: said.get('minimum') ?? '', by: said.get('by') ?? null };
}

function isServiceError(error: unknown): error is grpc.ServiceError {
  return error instanceof Error && 'code' in error && 'metadata' in error;
}

function credentials({ tls }: Options): grpc.ChannelCredentials {
  if (tls === undefined) return grpc.credentials.createInsecure();
  return grpc.credentials.createSsl(tls.ca, tls.key ?? null, tls.certificate ?? null);
}
