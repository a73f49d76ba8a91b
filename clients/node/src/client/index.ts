// The client: everything that a front end imports.
export { targetOf } from './address.js';
export * from './errors.js';
export { minorOf, money, toMinor, toText } from './money.js';
export { Notebook } from './notebook.js';
export type { Pending } from './notebook.js';
export type { AnswerOf, Method, RequestOf, Service } from './protocol.js';
export { scans } from './scanner.js';
export { isRefusal, Till } from './till.js';
export type { Options, Settled, Tls, UpgradeAdvice } from './till.js';
export { follow } from './watch.js';
