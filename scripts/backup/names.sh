# Names that the program knows, too. Written by `npm run generate` from plan/shellnames.ts: change them there.

# KiB of a set of state, with its description: operators open nothing larger.
STATE_MOST=131072
