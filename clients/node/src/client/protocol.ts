// The contract: loaded from the .proto files when the program runs, checked by types made from the
// same files when it is built.
import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import type * as grpc from '@grpc/grpc-js';
import type { MethodDefinition } from '@grpc/proto-loader';
import { loadSync } from '@grpc/proto-loader';

import type { AccessServiceDefinition } from '../gen/tillhal/v1/AccessService.js';
import type { CheckoutServiceDefinition } from '../gen/tillhal/v1/CheckoutService.js';
import type { DeviceServiceDefinition } from '../gen/tillhal/v1/DeviceService.js';
import type { DrawerServiceDefinition } from '../gen/tillhal/v1/DrawerService.js';
import type { JournalServiceDefinition } from '../gen/tillhal/v1/JournalService.js';
import type { PowerServiceDefinition } from '../gen/tillhal/v1/PowerService.js';
import type { PrinterServiceDefinition } from '../gen/tillhal/v1/PrinterService.js';
import type { ScannerServiceDefinition } from '../gen/tillhal/v1/ScannerService.js';
import type { ShiftServiceDefinition } from '../gen/tillhal/v1/ShiftService.js';
import type { SystemServiceDefinition } from '../gen/tillhal/v1/SystemService.js';

/** Only the RPCs that the contract names: gRPC's own type would allow any name. */
type Named<Definition> = {
  [Name in keyof Definition as string extends Name ? never : Name & string]: Definition[Name];
};

/** The services of tillhal.v1 that a front end calls, by name, with their RPCs. */
export interface Contract {
  AccessService: Named<AccessServiceDefinition>;
  CheckoutService: Named<CheckoutServiceDefinition>;
  DeviceService: Named<DeviceServiceDefinition>;
  DrawerService: Named<DrawerServiceDefinition>;
  JournalService: Named<JournalServiceDefinition>;
  PowerService: Named<PowerServiceDefinition>;
  PrinterService: Named<PrinterServiceDefinition>;
  ScannerService: Named<ScannerServiceDefinition>;
  ShiftService: Named<ShiftServiceDefinition>;
  SystemService: Named<SystemServiceDefinition>;
}
export type Service = keyof Contract;
export type Method<S extends Service> = keyof Contract[S] & string;
export type RequestOf<S extends Service, M extends Method<S>> =
  Contract[S][M] extends MethodDefinition<infer Request, any, any, any> ? Request : never;
export type AnswerOf<S extends Service, M extends Method<S>> =
  Contract[S][M] extends MethodDefinition<any, any, any, infer Answer> ? Answer : never;

/** An RPC as the wire knows it. */
export type Rpc = grpc.MethodDefinition<object, object>;

const FOLDER = fileURLToPath(new URL('../proto/', import.meta.url));
const FILES = readdirSync(`${FOLDER}tillhal/v1`).map((name) => `tillhal/v1/${name}`);

const loaded = loadSync(FILES, {
  includeDirs: [FOLDER],
  keepCase: true, // the contract's own names, as they stand in errors too
  longs: String, // amounts and cursors have 64 bits, a number of JavaScript has 53
  enums: String,
  defaults: true,
  oneofs: true,
});

/** How an RPC is called. Throws RangeError for one that the contract does not have. */
export function rpcOf(service: string, method: string): Rpc {
  const found = loaded[`tillhal.v1.${service}`] as Record<string, Rpc> | undefined;
  const rpc = found?.[method];
  if (rpc === undefined) throw new RangeError(`tillhal.v1 has no ${service}/${method}`);
  return rpc;
}

/** A message of the contract that came packed into something else. */
export function decode(typeName: string, bytes: Uint8Array): Record<string, unknown> {
  const type = loaded[typeName] as
    | { deserialize(bytes: Buffer): Record<string, unknown> }
    | undefined;
  if (type === undefined) throw new RangeError(`the contract has no ${typeName}`);
  return type.deserialize(Buffer.from(bytes));
}

/** The retry policy that all clients of the contract share (gRPC service config, JSON). */
export const serviceConfig = readFileSync(
  fileURLToPath(new URL('../service_config.json', import.meta.url)),
  'utf8',
);
