/**
 * Bytes of a sealed set of state, at most: a hundred times that of a cluster of a hundred hosts. Members store nothing larger
 * (scripts/backup/state.sh), and operators open nothing larger, so that whatever is stored can be opened.
 */
export const stateMost = 128 * 2 ** 20;
