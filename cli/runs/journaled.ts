import { Journal, type JournalOptions } from "./journal.ts";

/** Does something, and writes down in a journal what it is and how it ends. */
export async function journaled<T>(options: JournalOptions, work: (journal: Journal) => Promise<T>): Promise<T> {
  const journal = new Journal(options);
  let error: { thrown: unknown } | undefined;
  try {
    return await work(journal);
  } catch (thrown) {
    error = { thrown };
    throw thrown;
  } finally {
    journal.end(error);
  }
}
