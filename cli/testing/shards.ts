/**
 * Spreads files over shards by their sizes, the largest first: size says roughly how long the tests of a file take, and no shard gets all the
 * long ones.
 *
 * @param sizes of each file, in bytes.
 * @param count of shards; there are fewer where there are fewer files.
 * @returns files of each shard in the order of their names, and none that is empty.
 */
export function shards(sizes: ReadonlyMap<string, number>, count: number): string[][] {
  const made = Array.from({ length: Math.max(1, Math.min(count, sizes.size)) }, () => ({
    bytes: 0,
    files: [] as string[],
  }));
  const largestFirst = [...sizes].toSorted(([a, size], [b, other]) => other - size || a.localeCompare(b));
  for (const [file, size] of largestFirst) {
    const least = made.reduce((best, shard) => (shard.bytes < best.bytes ? shard : best));
    least.files.push(file);
    // An empty file takes its time to load, too.
    least.bytes += size + 1;
  }
  return made.map(({ files }) => files.toSorted()).filter((files) => files.length > 0);
}
