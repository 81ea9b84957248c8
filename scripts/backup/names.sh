# Names that the program knows, too. Written by `npm run generate` from plan/shellnames.ts: change them there.

# Paths, without the ROOT of tests.
FAILOVER_PATH="/run/plinth-failover"

# Seconds by which the clocks of members and operators may differ.
AHEAD=600

# KiB of a set of state, with its description: operators open nothing larger.
STATE_MOST=131072
