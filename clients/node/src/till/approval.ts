// A second pair of eyes.
import { isRefusal } from '../client/index.js';
import type { Desk } from './counter.js';

/** Does it, with somebody else's leave where that is needed and given. */
export async function approved<Answer>(
  { till, words, ask, askSecret }: Desk,
  deed: (approval: string) => Promise<Answer>,
): Promise<Answer> {
  try {
    return await deed('');
  } catch (error) {
    if (!isRefusal(error, 'APPROVAL_REQUIRED')) throw error;
    const name = await ask(words.approver);
    if (!name) throw error;
    return deed(await till.approval(name, await askSecret(words.pin)));
  }
}
