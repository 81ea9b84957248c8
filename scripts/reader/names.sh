# Names that the program knows, too. Written by `npm run generate` from plan/shellnames.ts: change them there.

# Where it is, without the ROOT of tests, and what it is asked.
READER_PATH="/usr/local/lib/plinth-reader"
READER_QUESTION=": plinth-reader facts"
MACHINE_WORD=machine

# What it ends with.
EXIT_REFUSED=77
