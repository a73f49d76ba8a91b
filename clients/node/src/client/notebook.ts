// What a front end must not forget when it dies: the one request whose answer it has not seen, and
// whatever its program wants to find again. A small file, replaced whole.
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/** A change that was sent, or was about to be. */
export interface Pending {
  service: string;
  method: string;
  /** The request as it goes over the wire, base64: the same bytes are sent again. */
  bytes: string;
}

interface Pages {
  pending: Pending | null;
  marks: Record<string, string>;
}

/** Everything that is written here is synced to the disk when the call returns. */
export class Notebook {
  private readonly pages: Pages;

  /** Reads `path`, which need not exist yet. Throws for a file that is no notebook. */
  constructor(private readonly path: string) {
    this.pages = read(path);
  }

  /** The change that has no answer yet. */
  get pending(): Pending | null {
    return this.pages.pending;
  }

  /** Written before the request is sent. There is one at a time: a cashier does one thing. */
  keep(pending: Pending): void {
    if (this.pages.pending !== null) throw new Error('an earlier change has no answer yet');
    this.write({ ...this.pages, pending });
  }

  /** The change was answered; `marks` are changed with it, in the same stroke. */
  answered(marks: Record<string, string> = {}): void {
    this.write({ pending: null, marks: { ...this.pages.marks, ...marks } });
  }

  /** What the program marked before; empty where it did not. */
  mark(name: string): string {
    return this.pages.marks[name] ?? '';
  }

  /** Something to find again. */
  setMark(name: string, value: string): void {
    this.write({ ...this.pages, marks: { ...this.pages.marks, [name]: value } });
  }

  private write(pages: Pages): void {
    // Power may go at any point of this: then the name has the old file or the new one, whole.
    const beside = `${this.path}.new`;
    const file = openSync(beside, 'w', 0o600);
    try {
      writeSync(file, JSON.stringify(pages));
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(beside, this.path);
    const folder = openSync(dirname(this.path), 'r');
    try {
      fsyncSync(folder);
    } finally {
      closeSync(folder);
    }
    Object.assign(this.pages, pages);
  }
}

function read(path: string): Pages {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { pending: null, marks: {} };
    throw error;
  }
  const pages = JSON.parse(text) as Partial<Pages>;
  if (pages.pending === undefined || typeof pages.marks !== 'object') {
    throw new Error(`${path} is no notebook of a till's front end`);
  }
  return pages as Pages;
}
